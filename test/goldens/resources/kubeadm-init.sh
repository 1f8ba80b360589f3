# Of 127 lines those that control-plane-join.sh does not have:
…
mkdir -p /var/lib/evcctl
…
  printf '%s\n' init '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
…
    if [ "$run" = init ] || [ -z "$cut_off" ]; then
      others=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get nodes -o name 2>/dev/null | grep -vxF 'node/cp1' | head -n 3) || :
      if [ -n "$others" ]; then
        printf '%s\n' 'Other nodes are in this cluster, although its kubeadm init was cut off, so it is not reset. If it is well, remove /var/lib/kubelet/evcctl-unfinished; then apply again.' "$others" >&2
        exit 1
      fi
…
if [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then
  echo 'removing what an interrupted run of kubeadm left'
  reset_host
fi
kubeadm init phase preflight --config '/etc/evcctl/kubeadm.yaml'
rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service
begin
watched kubeadm init --config '/etc/evcctl/kubeadm.yaml' --skip-token-print --skip-certificate-key-print || {
  status=$?
…
--- next step
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
…
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
…
fi
rm -f /var/lib/kubelet/evcctl-unfinished
{ sync -- /var/lib/kubelet 2>/dev/null || sync; }
rm -f /var/lib/evcctl/kubeadm-reset.unfinished
{ sync -- /var/lib/evcctl 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
