# functions of kubelet-failure.sh
# functions of kubeadm-watch.sh
mkdir -p /var/lib/evcctl
systemctl daemon-reload
systemctl enable --quiet kubelet
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
  printf '%s\n' init '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
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
    if [ "$run" = init ] || [ -z "$cut_off" ]; then
      others=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get nodes -o name 2>/dev/null | grep -vxF 'node/cp1' | head -n 3) || :
      if [ -n "$others" ]; then
        printf '%s\n' 'Other nodes are in this cluster, although its kubeadm init was cut off, so it is not reset. If it is well, remove /var/lib/kubelet/evcctl-unfinished; then apply again.' "$others" >&2
        exit 1
      fi
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
if [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then
  echo 'removing what an interrupted run of kubeadm left'
  reset_host
fi
kubeadm init phase preflight --config '/etc/evcctl/kubeadm.yaml'
rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service
begin
watched kubeadm init --config '/etc/evcctl/kubeadm.yaml' --skip-token-print --skip-certificate-key-print || {
  status=$?
  evidence
  exit "$status"
}
cp /var/lib/kubelet/config.yaml /var/lib/evcctl/kubelet-config.yaml.next
{ sync -- /var/lib/evcctl/kubelet-config.yaml.next 2>/dev/null || sync; }
mv -fT /var/lib/evcctl/kubelet-config.yaml.next /var/lib/evcctl/kubelet-config.yaml
mkdir -p /var/lib/evcctl/started
{ TZ=UTC0 stat -L -c '%n %i %z' '/usr/local/bin/kubelet' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/started/containerd.service' '/var/lib/evcctl/started/crio.service' '/var/lib/evcctl/started/docker.service' '/var/lib/evcctl/started/cri-docker.service' 2>/dev/null || :; } >/var/lib/evcctl/started/kubelet.service.next
mv -fT /var/lib/evcctl/started/kubelet.service.next /var/lib/evcctl/started/kubelet.service
--- next step
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
done
{ find /var/lib/evcctl/static-pods.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/static-pods
mv -fT /var/lib/evcctl/static-pods.new /var/lib/evcctl/static-pods
--- next step
{"write":"/var/lib/evcctl/record.json","content":"{}\n","mode":384}
--- next step
( umask 077
  keep() {
    proven=/var/lib/evcctl/proven/$1
    shift
    rm -rf "$proven.next"
    mkdir -p "$proven.next"
    for file in "$@"; do
      if [ ! -f "$file" ]; then continue; fi
      mkdir -p "$proven.next${file%/*}"
      cp -p "$file" "$proven.next$file"
    done
    { find "$proven.next" -xdev -exec sync -- {} + 2>/dev/null || sync; }
    rm -rf "$proven"
    mv -fT "$proven.next" "$proven"
  }
  keep 'kubelet.service' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/kubelet-config.yaml' '/var/lib/evcctl/kubelet-configuration.json'
)
{ find /etc/kubernetes /var/lib/kubelet/pki /var/lib/kubelet/config.yaml -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -f /var/lib/evcctl/kubeadm-init.etcd
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
