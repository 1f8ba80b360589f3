# run
if [ -e /etc/systemd/system/evcctl-firewall-iptables.service ]; then systemctl disable --quiet --now evcctl-firewall-iptables.service; fi
rm -f /etc/systemd/system/evcctl-firewall-iptables.service /etc/evcctl/firewall-iptables.sh
systemctl daemon-reload
for chain in INPUT FORWARD; do
  while iptables -w -D "$chain" -j "EVCCTL-$chain" 2>/dev/null; do :; done
  if iptables -w -F "EVCCTL-$chain" 2>/dev/null; then iptables -w -X "EVCCTL-$chain"; fi
done
