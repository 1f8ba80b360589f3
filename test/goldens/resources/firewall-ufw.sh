# run
ufw prepend allow proto tcp from 192.0.2.21 to any port 2380,6443 comment 'evcctl: etcd members, API server'
ufw prepend allow proto tcp from 10.244.0.0/16 to any port 6443 comment 'evcctl: API server'
ufw prepend allow proto tcp from 192.0.2.22 to any port 2380 comment 'evcctl: etcd members'
ufw prepend allow proto udp from 192.0.2.21 to any port 8472 comment 'evcctl: vxlan'
ufw prepend allow proto tcp from 0.0.0.0/0 to any port 30000:32767 comment 'evcctl: NodePorts'
ufw route prepend allow from 10.244.0.0/16 to any comment 'evcctl: from pods'
ufw route prepend allow from 192.0.2.21 to 10.244.0.0/16 comment 'evcctl: to pods'
