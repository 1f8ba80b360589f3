# functions of kubelet-failure.sh
# functions of kubeadm-watch.sh
mkdir -p /var/lib/evcctl /run/evcctl /etc/kubernetes/manifests
configuration=/run/evcctl/kubeadm-join.yaml
said=/run/evcctl/kubeadm-join.said
trap 'rm -f "$configuration" "$said"' EXIT
trap 'exit 143' HUP INT TERM
rm -f "$configuration"
( umask 077; cat >"$configuration" )
exec 9<"$configuration"
rm -f "$configuration"
systemctl daemon-reload
systemctl enable --quiet kubelet
ask_etcd() {
  for address in '192.0.2.11' '192.0.2.13'; do
    if curl -q --silent --show-error --fail --connect-timeout 2 --max-time 15 --cacert /etc/kubernetes/pki/etcd/ca.crt \
      --cert /etc/kubernetes/pki/apiserver-etcd-client.crt --key /etc/kubernetes/pki/apiserver-etcd-client.key \
      --data "$2" "https://$address:2379/v3/cluster/member/$1"; then return 0; fi
  done
  echo "no member of etcd did it: member $1" >&2
  return 1
}
remove_member() {
  members=$(ask_etcd list '{}') || return 1
  id=$(printf '%s' "$members" | tr '{' '\n' | grep -F '"peerURLs":["https://192.0.2.12:2380"]' | sed -n 's/.*"ID":"\([0-9]*\)".*/\1/p')
  if [ -z "$id" ]; then return 0; fi
  echo "removing the etcd member $id of https://192.0.2.12:2380 that an earlier join left"
  ask_etcd remove "{\"ID\":\"$id\"}" >/dev/null
}
leave_etcd() {
  if [ ! -s /etc/kubernetes/pki/apiserver-etcd-client.key ]; then return 0; fi
  remove_member
}
remove_stale_member() {
  kubeadm join phase control-plane-prepare download-certs --config /dev/fd/9 >/dev/null || return 1
  kubeadm join phase control-plane-prepare certs --config /dev/fd/9 >/dev/null || return 1
  remove_member
}
# functions of kubeadm-before.sh
need_no_member() {
  if [ -e '/var/lib/etcd/member' ] || [ -L '/var/lib/etcd/member' ]; then printf '%s\n' '/var/lib/etcd/member is there. evcctl has not made this data of an etcd. Move it away, or name another folder in spec.kubernetes.clusterConfiguration.etcd.local.dataDir.' >&2; exit 1; fi
}
begin() {
  rm -f /var/lib/evcctl/kubeadm-reset.unfinished
  need_no_member
  set_aside
  keep_files no
  mkdir -p /var/lib/kubelet
  printf '%s\n' control-plane '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
  { sync -- /var/lib/kubelet/evcctl-unfinished.new 2>/dev/null || sync; }
  mv -fT /var/lib/kubelet/evcctl-unfinished.new /var/lib/kubelet/evcctl-unfinished
  { sync -- /var/lib/kubelet 2>/dev/null || sync; }
}
reset_host() {
  cut_off= run= data= mark=
  if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
  elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
  fi
  if [ -n "$mark" ]; then
    cut_off=yes
    { read -r run && IFS= read -r data; } <"$mark" || :
  fi
  if [ "$mark" != /var/lib/evcctl/kubeadm-reset.unfinished ]; then rm -f /var/lib/evcctl/kubeadm-reset.unfinished; fi
  settle
  if [ "$mark" = /var/lib/evcctl/kubeadm-reset.unfinished ]; then
    keep_files again
  else
    if [ -z "$cut_off" ]; then
      need_no_member
      set_aside
    fi
    if [ "$run" = control-plane ] || [ -z "$cut_off" ]; then
      leave_etcd || exit 1
    fi
    keep_files yes
    printf '%s\n' "$run" "$data" "$(stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null)" "member $(TZ=UTC0 stat -c '%i %w' -- "$data/member" 2>/dev/null)" >/var/lib/evcctl/kubeadm-reset.unfinished.new
    { sync -- /var/lib/evcctl/kubeadm-reset.unfinished.new 2>/dev/null || sync; }
    mv -fT /var/lib/evcctl/kubeadm-reset.unfinished.new /var/lib/evcctl/kubeadm-reset.unfinished
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  member_to_go || :
  systemctl stop kubelet 2>/dev/null || :
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/containerd/containerd.sock' >/dev/null
  if member_to_go; then rm -rf -- "$data/member"; fi
  put_all_back
  { find /etc/kubernetes /var/lib/kubelet -xdev -exec sync -- {} + 2>/dev/null || sync; }
  if [ -d /var/lib/evcctl/kubeadm-before ]; then
    rm -rf /var/lib/evcctl/kubeadm-before.done
    mv -T /var/lib/evcctl/kubeadm-before /var/lib/evcctl/kubeadm-before.done
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  rm -f /var/lib/kubelet/evcctl-unfinished
  { sync -- /var/lib/kubelet 2>/dev/null || sync; }
  rm -f /var/lib/evcctl/kubeadm-reset.unfinished
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  rm -rf /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
}
echo 'removing what is left of an earlier join'
reset_host
end=$(( $(date +%s) + 90 ))
while :; do
  status=0
  kubeadm join phase preflight --config /dev/fd/9 2>"$said" || status=$?
  if [ "$status" -eq 0 ]; then
    rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /etc/kubernetes/evcctl-renewed /etc/kubernetes/evcctl-manifests /etc/kubernetes/pki/ca-rotation /etc/kubernetes/pki/ca-rotation.new /etc/kubernetes/admin.conf.next /etc/kubernetes/super-admin.conf.next /etc/kubernetes/kubelet.conf.next /etc/kubernetes/controller-manager.conf.next /etc/kubernetes/scheduler.conf.next /var/lib/evcctl/former-certificates /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service /var/lib/evcctl/kubelet-ca
    begin
    { remove_stale_member && watched kubeadm join --config /dev/fd/9; } 2>"$said" || status=$?
    if [ "$status" -eq 0 ]; then break; fi
  fi
  again=
  if grep -qF 'the kubelet ends again and again: ' "$said"; then :
  elif grep -q 'status "Ready" already exists' "$said"; then
    again='waiting until the API server notices that the former kubelet is gone'
  elif grep -qE 'is forbidden|connection refused|etcdserver: |unexpected EOF' "$said"; then
    again='waiting for an API server that has just started'
  fi
  if [ -n "$again" ] && [ "$(date +%s)" -lt "$end" ]; then
    echo "$again"
    if [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then reset_host; fi
    sleep 5
    continue
  fi
  cat "$said" >&2
  evidence
  exit "$status"
done
{ printf '# kubeadm %s\n' "$(kubeadm version -o short)"; cat /var/lib/kubelet/config.yaml; } >/var/lib/evcctl/kubelet-config.yaml.next
{ sync -- /var/lib/evcctl/kubelet-config.yaml.next 2>/dev/null || sync; }
mv -fT /var/lib/evcctl/kubelet-config.yaml.next /var/lib/evcctl/kubelet-config.yaml
mkdir -p /var/lib/evcctl/started
{ TZ=UTC0 stat -L -c '%n %i %z' '/usr/local/bin/kubelet' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/started/containerd.service' '/var/lib/evcctl/started/crio.service' '/var/lib/evcctl/started/docker.service' '/var/lib/evcctl/started/cri-docker.service' 2>/dev/null || :; } >/var/lib/evcctl/started/kubelet.service.next
mv -fT /var/lib/evcctl/started/kubelet.service.next /var/lib/evcctl/started/kubelet.service
