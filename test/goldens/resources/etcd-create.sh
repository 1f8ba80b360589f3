ETCD_INITIAL_CLUSTER=e1=https://192.0.2.31:2380,e2=https://192.0.2.32:2380,e3=https://192.0.2.33:2380
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=edge-etcd

# What a first start that was cut off left without a log holds nothing.
if [ -d /var/lib/etcd/member ] && [ ! -d /var/lib/etcd/member/wal ]; then
  if [ ! -e /var/lib/evcctl/etcd.creating ]; then
    echo '/var/lib/etcd/member has no log of its own (member/wal), and evcctl has not made it: it may be the data of another etcd, so it is left as it is. Move it away if nothing in it is needed.' >&2
    exit 1
  fi
  rm -rf /var/lib/etcd/member
fi
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
