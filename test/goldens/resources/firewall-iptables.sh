# run
umask 022
mkdir -p /etc/evcctl
# write /etc/evcctl/firewall-iptables.sh
#!/bin/sh
# Kept by evcctl: what is changed here by hand is changed back. What the Kubernetes cluster needs open, in chains of its own.
set -eu
iptables-restore -w --noflush <<'END'
*filter
:EVCCTL-INPUT - [0:0]
:EVCCTL-FORWARD - [0:0]
-A EVCCTL-INPUT -i lo -j ACCEPT
-A EVCCTL-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A EVCCTL-INPUT -s 192.0.2.21 -p tcp -m tcp --dport 2380 -m comment --comment "etcd members" -j ACCEPT
-A EVCCTL-INPUT -s 192.0.2.22 -p tcp -m tcp --dport 2380 -m comment --comment "etcd members" -j ACCEPT
-A EVCCTL-INPUT -p tcp -m multiport --dports 30000:32767 -m comment --comment "NodePorts" -j ACCEPT
-A EVCCTL-INPUT -s 10.244.0.0/16 -p tcp -m tcp --dport 6443 -m comment --comment "API server" -j ACCEPT
-A EVCCTL-INPUT -s 192.0.2.21 -p tcp -m tcp --dport 6443 -m comment --comment "API server" -j ACCEPT
-A EVCCTL-INPUT -s 192.0.2.21 -p udp -m udp --dport 8472 -m comment --comment "vxlan" -j ACCEPT
-A EVCCTL-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A EVCCTL-FORWARD -s 10.244.0.0/16 -m comment --comment "from pods" -j ACCEPT
-A EVCCTL-FORWARD -s 192.0.2.21 -d 10.244.0.0/16 -m comment --comment "to pods" -j ACCEPT
-A EVCCTL-FORWARD -d 10.244.0.0/16 -m conntrack --ctstate DNAT -m comment --comment "NodePorts" -j ACCEPT
COMMIT
END
# First in the chain, and only once; in this order there is no moment without it.
for chain in INPUT FORWARD; do
  iptables -w -I "$chain" 1 -j "EVCCTL-$chain"
  iptables -w -S "$chain" | grep '^-A ' | grep -nxF -e "-A $chain -j EVCCTL-$chain" | sed -e 1d -e 's/:.*//' | sort -rn |
    while read -r number; do iptables -w -D "$chain" "$number"; done
done
# write /etc/systemd/system/evcctl-firewall-iptables.service
# Kept by evcctl: what is changed here by hand is changed back.
[Unit]
Description=What the Kubernetes cluster needs open (iptables)
After=netfilter-persistent.service iptables.service ferm.service
PartOf=netfilter-persistent.service iptables.service ferm.service
ReloadPropagatedFrom=netfilter-persistent.service iptables.service ferm.service
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/evcctl/firewall-iptables.sh
ExecReload=/bin/sh /etc/evcctl/firewall-iptables.sh

[Install]
WantedBy=multi-user.target netfilter-persistent.service iptables.service ferm.service
# run
systemctl daemon-reload
systemctl enable --quiet evcctl-firewall-iptables.service
systemctl restart evcctl-firewall-iptables.service || { journalctl --unit=evcctl-firewall-iptables.service --no-pager --quiet --output=cat | tail -n 20 >&2; exit 1; }
