/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s annotate node 'w1' --overwrite 'evcctl.dev/owned-labels=old,evc.example/camera'
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s label node 'w1' --overwrite 'evc.example/camera=north' 'old-'
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s taint node 'w1' --overwrite 'evc.example/gpu=yes:NoSchedule'
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s annotate node 'w1' --overwrite 'evcctl.dev/owned-labels=evc.example/camera' 'evcctl.dev/owned-taints=evc.example/gpu'
