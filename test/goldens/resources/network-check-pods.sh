again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
name=evcctl-network-check-$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
fill() { sed "s/@NAME@/$name/g; s/@OWNER@/${owner:-}/g; s/@NODE@/${1:-}/g"; }
life=$(fill <<'EVCCTL_EOF'
{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"@NAME@","namespace":"kube-system","labels":{"evcctl.dev/network-check":"@NAME@"}},"spec":{"completions":0,"parallelism":0,"ttlSecondsAfterFinished":600,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"none","image":"registry.k8s.io/pause:3.10.2"}]}}}}
EVCCTL_EOF
)
# What was made although the answer got lost is there at the next try.
make_life() {
  printf '%s\n' "$life" | /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system create -f - -o 'jsonpath={.metadata.uid}' ||
    /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get job "$name" -o 'jsonpath={.metadata.uid}' 2>/dev/null
}
make_all() { printf '%s\n' "$all" | /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system create -f - >/dev/null || printf '%s\n' "$all" | /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system apply -f - >/dev/null; }
owner=$(again make_life)
nodes=$(again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
pod=$(cat <<'EVCCTL_EOF'
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"@NAME@-@NODE@","namespace":"kube-system","labels":{"evcctl.dev/network-check":"@NAME@"},"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"@NAME@","uid":"@OWNER@"}]},"spec":{"automountServiceAccountToken":false,"enableServiceLinks":false,"terminationGracePeriodSeconds":1,"nodeName":"@NODE@","restartPolicy":"Always","tolerations":[{"operator":"Exists"}],"containers":[{"name":"answer","image":"registry.k8s.io/pause:3.10.2","command":["/evcctl/kubectl","proxy","--server=http://127.0.0.1:9","--address=0.0.0.0","--port=18400","--accept-hosts=.*","--www=/evcctl/www","--www-prefix=/@NAME@/"],"imagePullPolicy":"IfNotPresent","readinessProbe":{"httpGet":{"path":"/@NAME@/name","port":18400},"periodSeconds":1},"resources":{"requests":{"cpu":"1m","memory":"16Mi"}},"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"runAsNonRoot":true,"runAsUser":65535,"seLinuxOptions":{"type":"spc_t"}},"volumeMounts":[{"name":"kubectl","mountPath":"/evcctl/kubectl","readOnly":true},{"name":"www","mountPath":"/evcctl/www","readOnly":true}]}],"volumes":[{"name":"kubectl","hostPath":{"path":"/usr/local/bin/kubectl","type":"File"}},{"name":"www","projected":{"sources":[{"downwardAPI":{"items":[{"path":"name","fieldRef":{"fieldPath":"metadata.name"}}]}},{"configMap":{"name":"@NAME@","items":[{"key":"large","path":"large"}]}}]}}]}}
EVCCTL_EOF
)
all=$(
  fill <<'EVCCTL_EOF'
---
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"@NAME@","namespace":"kube-system","labels":{"evcctl.dev/network-check":"@NAME@"},"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"@NAME@","uid":"@OWNER@"}]},"data":{"large":"<16384 dots>"}}
EVCCTL_EOF
  for node in $nodes; do printf -- '---\n%s\n' "$pod" | fill "$node"; done
)
again make_all
echo "name=$name"
dns=60
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=0s --namespace kube-system wait pods --selector "evcctl.dev/network-check=$name" --for=condition=Ready --timeout=100s >/dev/null 2>&1 || {
  dns=5
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get events --field-selector type=Warning --sort-by=.lastTimestamp -o 'jsonpath={range .items[*]}event={.involvedObject.name}{"\t"}{.message}{"\n"}{end}' 2>/dev/null | grep "^event=$name-" | cut -c 1-1000 || true
}
service=$(again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get service kube-dns --ignore-not-found -o name)
if [ -n "$service" ]; then
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=0s --namespace kube-system rollout status deployment/coredns --timeout=${dns}s >/dev/null 2>&1 || true
  echo dns=yes
  again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get pods --selector k8s-app=kube-dns -o 'jsonpath={range .items[*]}dnsNode={.spec.nodeName}{"\n"}{end}'
fi
again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get pods --selector "evcctl.dev/network-check=$name" -o 'jsonpath={range .items[*]}pod={.spec.nodeName}{"\t"}{.metadata.name}{"\t"}{.status.podIP}{"\t"}{.status.hostIP}{"\t"}{.status.phase}{"\t"}{.status.containerStatuses[0].state.waiting.reason}{"\t"}{.status.containerStatuses[0].state.waiting.message}{"\t"}{.status.reason}{"\t"}{.status.message}{"\n"}uid={.metadata.name}{"\t"}{.metadata.uid}{"\n"}{end}'
