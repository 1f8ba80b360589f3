if [ -e /var/lib/evcctl/manifests/complete ]; then
  echo 'putting back the manifests from before a change that was cut off'
  for former in /var/lib/evcctl/manifests/*.yaml; do
    next=/etc/kubernetes/manifests/.${former##*/}.evcctl
    cp -p "$former" "$next"
    { sync -- "$next" 2>/dev/null || sync; }
    mv -f "$next" /etc/kubernetes/manifests/"${former##*/}"
  done
  rm -f /var/lib/evcctl/manifests/complete
  rm -rf /var/lib/evcctl/manifests
fi
rm -rf /etc/kubernetes/evcctl-manifests
if [ -e /etc/kubernetes/pki/evcctl-apiserver/complete ]; then
  for file in apiserver.key apiserver.crt; do
    if [ -e /etc/kubernetes/pki/evcctl-apiserver/"$file" ]; then mv -f /etc/kubernetes/pki/evcctl-apiserver/"$file" /etc/kubernetes/pki/; fi
  done
fi
rm -rf /etc/kubernetes/pki/evcctl-apiserver
--- next step
until: the API server is ready
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1
--- next step
: >/var/lib/evcctl/kube-proxy.unfinished
tries=0
until kubeadm init phase addon kube-proxy --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system rollout restart daemonset kube-proxy
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=0s --namespace kube-system rollout status daemonset kube-proxy --timeout 5m
rm -f /var/lib/evcctl/kube-proxy.unfinished
--- next step
tries=0
until kubeadm init phase upload-config kubelet --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
rm -rf /etc/kubernetes/pki/evcctl-apiserver
mkdir -m 0700 /etc/kubernetes/pki/evcctl-apiserver
ln -s ../ca.crt ../ca.key /etc/kubernetes/pki/evcctl-apiserver/
( umask 077
  sed -e '/^certificatesDir:/d' -e 's|^kind: ClusterConfiguration$|&\
certificatesDir: /etc/kubernetes/pki/evcctl-apiserver|' '/etc/evcctl/kubeadm.yaml' >/etc/kubernetes/pki/evcctl-apiserver/kubeadm.yaml )
if ! kubeadm init phase certs apiserver --config /etc/kubernetes/pki/evcctl-apiserver/kubeadm.yaml; then
  rm -rf /etc/kubernetes/pki/evcctl-apiserver
  exit 1
fi
sync
: >/etc/kubernetes/pki/evcctl-apiserver/complete
mv -f /etc/kubernetes/pki/evcctl-apiserver/apiserver.key /etc/kubernetes/pki/evcctl-apiserver/apiserver.crt /etc/kubernetes/pki/
rm -rf /etc/kubernetes/pki/evcctl-apiserver
--- next step
until: the API server is ready
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1
--- next step
evidence() {
  {
    printf '%s' '--- on the node:
'
    for component in kube-apiserver etcd kube-controller-manager kube-scheduler; do
      log=$(ls -t /var/log/pods/kube-system_"$component"-*/"$component"/*.log 2>/dev/null | head -n 1)
      if [ -n "$log" ]; then
        # Docker's logs are lines of JSON, those of the others begin with time and stream.
        sed -n -e 's/^[^ ]* std[a-z]* [FP] //p' -e 's/^{"log":"\(.*\)\\n",.*$/\1/p' "$log" | sed "s/^/$component: /" |
          grep -iE ': (error|panic|[EF][0-9]{4} )|fatal' | tail -n 2 | cut -c 1-400
      fi
    done
    journalctl -u kubelet -n 400 -o cat --no-pager 2>/dev/null | grep -E '^E[0-9]{4} |[Ff]ailed|rror:' |
      grep -v 'connection refused' | tail -n 3 | sed 's/^/kubelet: /' | cut -c 1-400
  } >&2
}
cannot_start() {
  log=$(ls -t /var/log/pods/kube-system_"$1"-*/"$1"/[1-9]*.log 2>/dev/null | head -n 1)
  [ -n "$log" ] && [ "${log%/*/*}" -nt "$2" ] &&
    grep -qE 'unknown (shorthand )?flag|invalid argument|flag needs an argument|bad flag syntax|unrecognized feature gate' "$log"
}
meant() { /usr/local/bin/kubectl annotate --local -f "$1" evcctl.dev/none- -o json 2>/dev/null || cat "$1" 2>/dev/null || :; }
manifests=/etc/kubernetes/manifests
backup=/var/lib/evcctl/manifests
rm -f /var/lib/evcctl/manifests/complete
rm -rf /var/lib/evcctl/manifests
mkdir -p -m 0700 "$backup"
components='kube-apiserver kube-controller-manager kube-scheduler'
# The command line of a program in a container begins with its name.
process_of() { grep -l -a -s -e "^\(/.*/\)\{0,1\}$1" /proc/[0-9]*/cmdline | head -n 1; }
for component in $components; do
  if [ -e "$manifests/$component.yaml" ]; then cp -p "$manifests/$component.yaml" "$backup/"; fi
  process_of "$component" >"$backup/$component.process" || :
done
# The mark may not outlive a power cut that the copies do not outlive.
sync
: >/var/lib/evcctl/manifests/complete
healthy() {
  case $1 in
    kube-apiserver) /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1;;
    kube-controller-manager) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10257/healthz;;
    kube-scheduler) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10259/healthz;;
  esac
}
rm -rf /etc/kubernetes/evcctl-manifests
mkdir -m 0700 /etc/kubernetes/evcctl-manifests
for former in "$manifests"/*.yaml; do
  if [ -e "$former" ]; then cp -p "$former" /etc/kubernetes/evcctl-manifests/; fi
done
unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh '/etc/kubernetes/evcctl-manifests' '/etc/kubernetes/manifests' kubeadm init phase control-plane all --config '/etc/evcctl/kubeadm.yaml'
{ find /etc/kubernetes/evcctl-manifests -xdev -exec sync -- {} + 2>/dev/null || sync; }
for component in $components; do
  if [ -s /etc/kubernetes/evcctl-manifests/"$component.yaml" ]; then mv -f /etc/kubernetes/evcctl-manifests/"$component.yaml" "$manifests/"; fi
done
rm -rf /etc/kubernetes/evcctl-manifests
for component in $components; do
  if [ "$(meant "$manifests/$component.yaml")" = "$(meant "$backup/$component.yaml")" ]; then continue; fi
  echo "waiting for $component with its new arguments"
  end=$(( $(date +%s) + 240 ))
  until [ "$(process_of "$component")" != "$(cat "$backup/$component.process")" ] && healthy "$component"; do
    if [ "$(date +%s)" -ge "$end" ] || cannot_start "$component" /var/lib/evcctl/manifests/complete; then
      echo "$component does not come up with its new arguments; the old ones were put back" >&2
      evidence
      for former in /var/lib/evcctl/manifests/*.yaml; do
        next=/etc/kubernetes/manifests/.${former##*/}.evcctl
        cp -p "$former" "$next"
        { sync -- "$next" 2>/dev/null || sync; }
        mv -f "$next" /etc/kubernetes/manifests/"${former##*/}"
      done
      rm -f /var/lib/evcctl/manifests/complete
      rm -rf /var/lib/evcctl/manifests
      exit 1
    fi
    sleep 1
  done
done
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
done
{ find /var/lib/evcctl/static-pods.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/static-pods
mv /var/lib/evcctl/static-pods.new /var/lib/evcctl/static-pods
rm -f /var/lib/evcctl/manifests/complete
rm -rf /var/lib/evcctl/manifests
--- next step
until: the API server is ready
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1
--- next step
tries=0
until kubeadm init phase upload-config kubeadm --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
{"write":"/var/lib/evcctl/kubeadm-configuration.json","content":"{\"cluster\":{\"apiVersion\":\"kubeadm.k8s.io/v1beta4\",\"kind\":\"ClusterConfiguration\",\"clusterName\":\"edge\",\"kubernetesVersion\":\"v1.36.4\",\"controlPlaneEndpoint\":\"127.0.0.1:7443\",\"networking\":{\"podSubnet\":\"10.244.0.0/16\",\"serviceSubnet\":\"10.96.0.0/12\",\"dnsDomain\":\"cluster.local\"},\"apiServer\":{\"certSANs\":[\"cp1\",\"new\"],\"extraArgs\":[{\"name\":\"v\",\"value\":\"2\"}]},\"controllerManager\":{\"extraArgs\":[{\"name\":\"node-cidr-mask-size\",\"value\":\"24\"}]}},\"kubelet\":{\"apiVersion\":\"kubelet.config.k8s.io/v1beta1\",\"kind\":\"KubeletConfiguration\",\"cgroupDriver\":\"systemd\",\"maxPods\":50},\"kubeProxy\":{\"apiVersion\":\"kubeproxy.config.k8s.io/v1alpha1\",\"kind\":\"KubeProxyConfiguration\",\"mode\":\"nftables\"}}\n","mode":384}
