### kubeadm reset:node on cp4: probe
cut_off= run= data= mark=
if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
fi
if [ -n "$mark" ]; then
  cut_off=yes
  { read -r run && IFS= read -r data; } <"$mark" || :
fi
if [ -n "$cut_off" ]; then printf 'cutOff=%s %s\n' "$run" "$data"; fi
for file in /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/manifests/kube-controller-manager.yaml /etc/kubernetes/manifests/kube-scheduler.yaml /var/lib/kubelet/pki/kubelet-client-current.pem; do
  if [ -e "$file" ]; then echo "found=$file"; fi
done
for left in /etc/kubernetes/evcctl-renewed /etc/kubernetes/evcctl-manifests /etc/kubernetes/pki/ca-rotation /etc/kubernetes/pki/ca-rotation.new /etc/kubernetes/admin.conf.next /etc/kubernetes/super-admin.conf.next /etc/kubernetes/kubelet.conf.next /etc/kubernetes/controller-manager.conf.next /etc/kubernetes/scheduler.conf.next; do
  if [ -e "$left" ]; then echo "left=$left"; fi
done
if [ -f /var/lib/kubelet/pki/kubelet-client-current.pem ]; then
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' /var/lib/kubelet/pki/kubelet-client-current.pem
fi
if [ -f /etc/kubernetes/pki/ca.crt ]; then printf 'ca='; base64 -w 0 </etc/kubernetes/pki/ca.crt; echo; fi

### kubeadm reset:node on cp4: step 1, of 168 lines
…
  echo "$data/member is there since a reset of this host was cut off, so nothing is reset: move it away, or remove /var/lib/evcctl/kubeadm-reset.unfinished if the host is a node again" >&2
…
if ! { [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; }; then
mkdir -p /var/lib/kubelet
printf '%s\n' control-plane '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
{ sync -- /var/lib/kubelet/evcctl-unfinished.new 2>/dev/null || sync; }
mv -fT /var/lib/kubelet/evcctl-unfinished.new /var/lib/kubelet/evcctl-unfinished
…
systemctl disable --quiet --now kubelet 2>/dev/null || :
systemctl reset-failed kubelet 2>/dev/null || :
…

### kubeadm reset:node on w2: step 1, of 168 lines
…
printf '%s\n' worker '' >/var/lib/kubelet/evcctl-unfinished.new
…
