# run
if [ -e /etc/systemd/system/evcctl-firewall-nftables.service ]; then systemctl disable --quiet --now evcctl-firewall-nftables.service; fi
rm -f /etc/systemd/system/evcctl-firewall-nftables.service /etc/evcctl/firewall-nftables.sh
systemctl daemon-reload
leave() {
  nft -a list chain "$1" "$2" "$3" | sed -n "s/^.*jump $4 .*# handle \([0-9]*\)$/delete rule $1 $2 $3 handle \1/p" | nft -f -
}
leave inet filter input evcctl_input
leave inet filter forward evcctl_forward
nft delete chain inet filter evcctl_input
nft delete chain inet filter evcctl_forward
