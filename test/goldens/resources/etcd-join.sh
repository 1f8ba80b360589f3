# What a first start that was cut off left without a log holds nothing.
if [ -d /var/lib/etcd/member ] && [ ! -d /var/lib/etcd/member/wal ]; then
  if [ ! -e /var/lib/evcctl/etcd.creating ]; then
    echo '/var/lib/etcd/member has no log of its own (member/wal), and evcctl has not made it: it may be the data of another etcd, so it is left as it is. Move it away if nothing in it is needed.' >&2
    exit 1
  fi
  rm -rf /var/lib/etcd/member
fi
end=$(( $(date +%s) + 120 ))
until said=$(/usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints 'https://192.0.2.31:2379,https://192.0.2.32:2379' --dial-timeout 2s --command-timeout 10s member add 'e3' --learner --peer-urls='https://192.0.2.33:2380' 2>&1); do
  case $said in
    *'too many learner'* | *'in sync with leader'* | *'unhealthy cluster'* | *'re-configuration failed'*) ;;
    *) printf '%s\n' "$said" >&2; exit 1 ;;
  esac
  if [ "$(date +%s)" -ge "$end" ]; then printf '%s\n' "$said" >&2; exit 1; fi
  echo 'waiting until no other learner is pending'
  sleep 1
done
list=$(/usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints 'https://192.0.2.31:2379,https://192.0.2.32:2379' --dial-timeout 2s --command-timeout 10s member list -w simple)
initial=$(printf '%s\n' "$list" | awk -F', ' -v name='e3' -v url='https://192.0.2.33:2380' '
  { who = ($4 == url) ? name : $3; if (who != "") { printf "%s%s=%s", sep, who, $4; sep = "," } }')
umask 077
{ printf 'ETCD_INITIAL_CLUSTER=%s\n' "$initial"; printf '%s\n' ETCD_INITIAL_CLUSTER_STATE=existing 'ETCD_INITIAL_CLUSTER_TOKEN=edge-etcd'; } >/etc/etcd/first-start.env.next
{ sync -- /etc/etcd/first-start.env.next 2>/dev/null || sync; }
mv -fT /etc/etcd/first-start.env.next /etc/etcd/first-start.env
: >/var/lib/evcctl/etcd.creating
{ sync -- /var/lib/evcctl/etcd.creating /var/lib/evcctl 2>/dev/null || sync; }
mkdir -p /var/lib/evcctl
systemctl daemon-reload
systemctl reset-failed -- etcd.service 2>/dev/null || :
systemctl enable --quiet -- etcd.service
systemctl start --no-block -- etcd.service
end=$(( $(date +%s) + 30 ))
until [ -d /var/lib/etcd/member/wal ]; do
  state=$(systemctl show -p ActiveState --value -- etcd.service)
  if [ "$state" = failed ] || [ "$(date +%s)" -ge "$end" ]; then
    { echo "etcd is $state and has not begun its log"; journalctl --unit=etcd.service --no-pager --quiet --output=cat | tail -n 20; } >&2
    exit 1
  fi
  sleep 0.1
done
id=$(printf '%s\n' "$list" | awk -F', ' -v url='https://192.0.2.33:2380' '$4 == url && $6 == "true" { print $1 }')
if [ -n "$id" ]; then
end=$(( $(date +%s) + 120 ))
until said=$(/usr/local/bin/etcdctl --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/server.crt --key /etc/etcd/pki/server.key --endpoints 'https://192.0.2.31:2379,https://192.0.2.32:2379' --dial-timeout 2s --command-timeout 10s member promote "$id" 2>&1); do
  case $said in
    *'too many learner'* | *'in sync with leader'* | *'unhealthy cluster'* | *'re-configuration failed'*) ;;
    *) printf '%s\n' "$said" >&2; exit 1 ;;
  esac
  if [ "$(date +%s)" -ge "$end" ]; then printf '%s\n' "$said" >&2; exit 1; fi
  echo 'waiting until the learner is in sync'
  sleep 1
done
fi
