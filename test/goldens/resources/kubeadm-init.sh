# Of 150 lines those that control-plane-join.sh does not have:
…
mkdir -p /var/lib/evcctl
…
  printf '%s\n' init '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
…
    if [ "$run" = init ] || [ -z "$cut_off" ]; then
      nodes_in_etcd() {
        if [ -n "$data" ]; then
          if [ ! -e "$data/member/snap/db" ]; then return 0; fi
          found=$(LC_ALL=C grep -aoE "/minions/[a-z0-9.-]+$(printf '\020')" "$data/member/snap/db") || [ $? -eq 1 ]
          printf '%s\n' "$found" | tr -d '\020' | sed 's|.*/|node/|'
          return 0
        fi
        if [ ! -s /etc/kubernetes/manifests/kube-apiserver.yaml ]; then return 0; fi
        flag() { sed -n "s|^ *- --etcd-$1=||p" /etc/kubernetes/manifests/kube-apiserver.yaml | head -n 1; }
        for endpoint in $({ sed -n 's/^ *- --etcd-servers=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | tr ',' '\n'; }); do
          said=$(curl -q --silent --fail --connect-timeout 2 --max-time 5 --cacert "$(flag cafile)" --cert "$(flag certfile)" --key "$(flag keyfile)" --data '{"key":"L3JlZ2lzdHJ5L21pbmlvbnMv","range_end":"L3JlZ2lzdHJ5L21pbmlvbnMw","limit":"4","keys_only":true}' "$endpoint/v3/kv/range") || continue
          case $said in *'"cluster_id":'*) ;; *) continue ;; esac
          for key in $(printf '%s' "$said" | grep -o '"key":"[^"]*"' | cut -d '"' -f 4); do
            printf '%s' "$key" | base64 -d | sed 's|.*/|node/|'
            echo
          done
          return 0
        done
        echo 'Neither the API server nor etcd answers, so nobody knows whether other nodes are in this cluster, whose kubeadm init was cut off: it is not reset. Let etcd answer, then apply again; or, if nothing of the cluster is needed, run kubeadm reset on this host first.' >&2
        exit 1
      }
      nodes=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get nodes -o name 2>/dev/null) || nodes=$(nodes_in_etcd)
      others=$(printf '%s\n' "$nodes" | grep -vxF -e '' -e 'node/cp1' | head -n 3) || :
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
rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /etc/kubernetes/evcctl-renewed /etc/kubernetes/evcctl-manifests /etc/kubernetes/pki/ca-rotation /etc/kubernetes/pki/ca-rotation.new /etc/kubernetes/admin.conf.next /etc/kubernetes/super-admin.conf.next /etc/kubernetes/kubelet.conf.next /etc/kubernetes/controller-manager.conf.next /etc/kubernetes/scheduler.conf.next /var/lib/evcctl/former-certificates /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service /var/lib/evcctl/kubelet-ca
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
  keep 'kubelet.service' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/kubelet-configuration.json' '/var/lib/evcctl/kubelet-config.yaml'
)
rm -f /etc/kubernetes/super-admin.conf
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
