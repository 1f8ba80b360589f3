### etcd members:dead on e1: probe
(
if [ -d /var/lib/etcd/member/wal ]; then echo data=there; fi
echo "unit=$(systemctl show -p ActiveState --value -- etcd.service)"
if [ -x /usr/local/bin/etcdctl ] && [ -s /etc/etcd/pki/server.crt ] && [ -s /etc/etcd/pki/server.key ]; then
  echo asked=yes
  for endpoint in 'https://192.0.2.31:2379'; do
    list=$(/usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints "$endpoint" --dial-timeout 2s --command-timeout 3s member list -w simple 2>/dev/null) || continue
    echo answered=yes
    printf '%s\n' "$list" | sed 's/^/member=/'
    all=$(printf '%s\n' "$list" | awk -F', ' '$5 != "" { printf "%s%s", sep, $5; sep = "," }')
    if [ -n "$all" ]; then /usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints "$all" --dial-timeout 2s --command-timeout 3s endpoint status -w simple 2>/dev/null | sed 's/^/alive=/'; fi
    break
  done
fi
)

### etcd members:dead on e1: step 1, of 2 lines
echo 'etcd has lost its quorum, so its members cannot be changed. Expected: at least 0 of 0 voting members answer; actual: 0; silent: .' >&2
…
