# run
ufw prepend allow proto tcp from 192.0.2.21 to any port 2380,6443 comment 'evcctl: etcd members, API server'
ufw prepend allow proto tcp from 192.0.2.22 to any port 2380 comment 'evcctl: etcd members'
ufw prepend allow proto tcp from 0.0.0.0/0 to any port 30000:32767 comment 'evcctl: NodePorts'
ufw prepend allow proto tcp from 10.244.0.0/16 to any port 6443 comment 'evcctl: API server'
ufw prepend allow proto udp from 192.0.2.21 to any port 8472 comment 'evcctl: vxlan'
ufw route prepend allow from 10.244.0.0/16 to any comment 'evcctl: from pods'
ufw route prepend allow from 192.0.2.21 to 10.244.0.0/16 comment 'evcctl: to pods'
# run
umask 022
mkdir -p /etc/evcctl
# write /etc/evcctl/firewall-iptables.sh
#!/bin/sh
# Kept by evcctl: what is changed here by hand is changed back. What the Kubernetes cluster needs open, in chains of its own.
set -eu
iptables-restore -w --noflush <<'END'
*filter
:EVCCTL-FORWARD - [0:0]
-A EVCCTL-FORWARD -d 10.244.0.0/16 -m conntrack --ctstate DNAT -m comment --comment "NodePorts" -j ACCEPT
COMMIT
END
# First in the chain, and only once; in this order there is no moment without it.
for chain in FORWARD; do
  iptables -w -I "$chain" 1 -j "EVCCTL-$chain"
  iptables -w -S "$chain" | grep '^-A ' | grep -nxF -e "-A $chain -j EVCCTL-$chain" | sed -e 1d -e 's/:.*//' | sort -rn |
    while read -r number; do iptables -w -D "$chain" "$number"; done
done
# write /etc/systemd/system/evcctl-firewall-iptables.service
# Kept by evcctl: what is changed here by hand is changed back.
[Unit]
Description=What the Kubernetes cluster needs open (iptables)
After=ufw.service
PartOf=ufw.service
ReloadPropagatedFrom=ufw.service
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/evcctl/firewall-iptables.sh
ExecReload=/bin/sh /etc/evcctl/firewall-iptables.sh

[Install]
WantedBy=multi-user.target ufw.service
# run
systemctl daemon-reload
systemctl enable --quiet evcctl-firewall-iptables.service
systemctl restart evcctl-firewall-iptables.service || { journalctl --unit=evcctl-firewall-iptables.service --no-pager --quiet --output=cat | tail -n 20 >&2; exit 1; }
