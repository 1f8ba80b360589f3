### pod network:cp1 on cp1: probe, of 18 lines
…
for path in '/api/v1/nodes'; do set -- "$@" "$server$path"; done
…

### pod network:cp1 on cp1: step 1
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-flannel delete pod --selector app=flannel '--field-selector=spec.nodeName=cp1' --wait=false

### pod network:cp1 on cp1: step 2, until it succeeds
[ "$(/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get node 'cp1' -o jsonpath='{.metadata.annotations.flannel\.alpha\.coreos\.com/public-ip}')" = '192.0.2.11' ]
