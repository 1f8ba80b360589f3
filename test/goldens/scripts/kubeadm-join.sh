### kubeadm join:control plane on cp2: probe
cut_off= run= data= mark=
if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
fi
if [ -n "$mark" ]; then
  cut_off=yes
  { read -r run && IFS= read -r data; } <"$mark" || :
fi
if [ -n "$cut_off" ]; then printf 'cutOff=%s %s\n' "$run" "$data"; fi
if [ -d /var/lib/evcctl/kubeadm-before.saved ] || { [ -z "$cut_off" ] && [ -d /var/lib/evcctl/kubeadm-before ]; }; then echo aside=yes; fi
for part in admin.conf kubelet.conf manifests/kube-apiserver.yaml pki/ca.crt manifests/etcd.yaml pki/ca.key; do
  former=/var/lib/evcctl/manifests/${part#manifests/}
  if [ -s "/etc/kubernetes/$part" ] || { [ -e /var/lib/evcctl/manifests/complete ] && [ -s "$former" ]; }; then echo "found=$part"; fi
done
if [ -d '/var/lib/etcd'/member ]; then echo found=etcd; fi
others=
for entry in '/var/lib/etcd'/* '/var/lib/etcd'/.[!.]* '/var/lib/etcd'/..?*; do
  if [ ! -e "$entry" ] && [ ! -L "$entry" ] || [ "${entry##*/}" = member ]; then continue; fi
  if [ "$others" = xxxxx ]; then break; fi
  others=x$others
  printf 'inEtcdData=%s\n' "${entry##*/}"
done
if [ -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; then echo certificate=yes; fi
for part in /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml; do
  if [ -e "$part" ]; then echo "left=$part"; fi
done
if [ -f /var/lib/kubelet/pki/kubelet-client-current.pem ]; then
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' /var/lib/kubelet/pki/kubelet-client-current.pem
fi
if [ -f /etc/kubernetes/pki/ca.crt ]; then printf 'ca='; base64 -w 0 </etc/kubernetes/pki/ca.crt; echo; fi

### kubeadm join:control plane on cp2: step 1, of 290 lines
…
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/cri-dockerd.sock' >/dev/null
…

### kubeadm join:node on w1: probe, of 21 lines
…
if [ -s /etc/kubernetes/kubelet.conf ] && [ -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; then echo joined=yes; fi
for part in /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml /var/lib/etcd/member ${data:+"$data/member"}; do
  if [ -e "$part" ]; then echo "controlPlane=$part"; fi
…
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' /var/lib/kubelet/pki/kubelet-client-current.pem
…

### kubeadm join:node on w1: step 1, of 262 lines
…
    printf '%s' '--- on the node:
…
  echo "$data/member is there since a reset of this host was cut off, so nothing is reset: move it away, or remove /var/lib/evcctl/kubeadm-reset.unfinished if the host is a node again" >&2
…

### kubeadm join:control plane on cp2: step 1, of 262 lines
…
  printf '%s\n' control-plane '' >/var/lib/kubelet/evcctl-unfinished.new
…
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/crio/crio.sock' >/dev/null
…
