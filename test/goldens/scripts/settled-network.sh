### settled network: on cp1: probe
(
if [ ! -s /etc/kubernetes/admin.conf ] || [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then echo api=absent; exit 0; fi
field() { sed -n "s/^ *$1: *//p" /etc/kubernetes/admin.conf; }
server=$(field server)
echo api=asked
set --
for path in '/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel-ds' '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node' '/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node' '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium' '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy'; do set -- "$@" "$server$path"; done
field client-certificate-data | base64 -d | {
  field client-key-data | base64 -d |
    { timeout 12 curl -q --silent --show-error --fail-early --max-time 5 --user-agent evcctl \
      --cacert /etc/kubernetes/pki/ca.crt --cert /dev/fd/3 --key /dev/stdin --write-out '\n%{http_code} %{url_effective}\n' "$@" ||
      { [ $? != 124 ] || echo 'no answer within 12 s' >&2; }; } |
    sed -E -e 's/"images":\[(\{"names":\[[^]]*\],"sizeBytes":[0-9]*\},?)*\]/"images":[]/g' -e 's/"token-secret":"[^"]*"/"token-secret":""/g' -e '/^\{"kind":"NodeList",/{
s/"(managedFields|volumesInUse|volumesAttached|addresses|runtimeHandlers)":\[("([^"\\]|\\.)*"|[^]["])*\]/"\1":[]/g
s/"(nodeInfo|capacity|allocatable)":\{("([^"\\]|\\.)*"|[^{}"])*\}/"\1":{}/g
}'
} 3<&0
)

### settled network: on cp1: step 1, until it succeeds
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get --raw=/readyz >/dev/null
