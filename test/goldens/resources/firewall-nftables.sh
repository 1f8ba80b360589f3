# run
umask 022
mkdir -p /etc/evcctl
# write /etc/evcctl/firewall-nftables.sh
#!/bin/sh
# Kept by evcctl: what is changed here by hand is changed back. What the Kubernetes cluster needs open, in chains of its own.
status=0
# open <family> <table> <chain> <own chain>, in one transaction
open() {
  nft list chain "$1" "$2" "$3" >/dev/null || { status=1; return; }
  {
    nft -a list chain "$1" "$2" "$3" | sed -n "s/^.*jump $4 .*# handle \([0-9]*\)$/delete rule $1 $2 $3 handle \1/p"
    echo "add chain $1 $2 $4"
    echo "flush chain $1 $2 $4"
    sed "s/^/add rule $1 $2 $4 /"
    echo "insert rule $1 $2 $3 jump $4 comment \"evcctl\""
  } | nft -f - || status=1
}
open inet filter input evcctl_input <<'END'
iif lo accept
ct state established,related accept
ip saddr { 192.0.2.21, 192.0.2.22 } tcp dport 2380 accept comment "etcd members"
meta nfproto ipv4 tcp dport 30000-32767 accept comment "NodePorts"
ip saddr 192.0.2.21 tcp dport 6443 accept comment "API server"
ip saddr 10.244.0.0/16 tcp dport 6443 accept comment "API server"
ip saddr 192.0.2.21 udp dport 8472 accept comment "vxlan"
END
open inet filter forward evcctl_forward <<'END'
ct state established,related accept
ip saddr 10.244.0.0/16 accept comment "from pods"
ip saddr 192.0.2.21 ip daddr 10.244.0.0/16 accept comment "to pods"
ip daddr 10.244.0.0/16 ct status dnat accept comment "NodePorts"
END
exit "$status"
# write /etc/systemd/system/evcctl-firewall-nftables.service
# Kept by evcctl: what is changed here by hand is changed back.
[Unit]
Description=What the Kubernetes cluster needs open (nftables)
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/evcctl/firewall-nftables.sh
ExecReload=/bin/sh /etc/evcctl/firewall-nftables.sh

[Install]
WantedBy=multi-user.target nftables.service
# run
systemctl daemon-reload
systemctl enable --quiet evcctl-firewall-nftables.service
systemctl restart evcctl-firewall-nftables.service || { journalctl --unit=evcctl-firewall-nftables.service --no-pager --quiet --output=cat | tail -n 20 >&2; exit 1; }
