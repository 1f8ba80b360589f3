### etcd health:e1 on e1: probe
if [ ! -e /var/lib/evcctl/etcd.creating ]; then echo formed=yes; else echo formed=no; fi
if [ -x /usr/local/bin/etcdctl ] && [ -s /etc/etcd/pki/server.crt ] && /usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints https://192.0.2.31:2379 --dial-timeout 2s --command-timeout 5s endpoint health >/dev/null 2>&1; then echo healthy=yes; else echo healthy=no; fi

### etcd health:e1 on e1: step 1, until it succeeds
/usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints https://192.0.2.31:2379 --dial-timeout 2s --command-timeout 5s endpoint health 2>&1

### etcd health:e1 on e1: step 2, of 19 lines
…
  keep 'etcd.service' '/etc/systemd/system/etcd.service' '/etc/etcd/etcd.env'
…
rm -f /var/lib/evcctl/etcd.creating
…
