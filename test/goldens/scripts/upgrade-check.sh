### upgrade check:1.36.4 on cp1: probe, of 21 lines
…
for path in '/api/v1/nodes'; do set -- "$@" "$server$path"; done
…
if [ ! -s /etc/kubernetes/admin.conf ] || [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then exit 0; fi
if [ "$(timeout 5 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get --raw /readyz/etcd </dev/null 2>/dev/null)" = ok ]; then echo etcd=ok; fi
{ timeout 10 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get --raw /metrics </dev/null 2>/dev/null && echo '# answered'; } | sed -n 's/^apiserver_requested_deprecated_apis\({.*} 1\)$/requested=\1/p; s/^# answered$/metrics=answered/p' | cut -c 1-500 | head -n 200

### upgrade check:1.36.4 on cp1: step 1, of 2 lines
echo "this upgrade is refused" >&2
…
