again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s annotate node 'w1' --overwrite 'evcctl.dev/owned-labels=old,evc.example/camera' 'evcctl.dev/owned-taints=evc.example/gpu'
again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s label node 'w1' --overwrite 'evc.example/camera=north' 'old-'
again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s taint node 'w1' --overwrite 'evc.example/gpu=yes:NoSchedule'
again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s annotate node 'w1' --overwrite 'evcctl.dev/owned-labels=evc.example/camera' 'evcctl.dev/owned-taints=evc.example/gpu'
