### labels and taints:cp1 on cp1: probe, of 18 lines
…
for path in '/api/v1/nodes'; do set -- "$@" "$server$path"; done
…

### labels and taints:cp1 on cp1: step 1, until it succeeds
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get node 'cp1' >/dev/null
