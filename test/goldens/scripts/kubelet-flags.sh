### kubelet flags:/var/lib/kubelet/kubeadm-flags.env on cp1: probe
if [ -s /etc/kubernetes/kubelet.conf ]; then echo joined=yes; fi
if [ -f /var/lib/kubelet/kubeadm-flags.env ]; then printf 'flags='; base64 -w 0 </var/lib/kubelet/kubeadm-flags.env; echo; fi
