### kubeadm init:cluster on cp1: probe
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
for part in admin.conf kubelet.conf manifests/kube-apiserver.yaml pki/ca.crt; do
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
sed -n 's/^ *server: */server=/p' /etc/kubernetes/admin.conf 2>/dev/null | head -n 1
if [ -f /var/lib/kubelet/pki/kubelet-client-current.pem ]; then
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' /var/lib/kubelet/pki/kubelet-client-current.pem
fi
if [ -f /etc/kubernetes/pki/ca.crt ]; then printf 'ca='; base64 -w 0 </etc/kubernetes/pki/ca.crt; echo; fi

### kubeadm init:cluster on cp1: step 1, of 268 lines
…
  if [ -e '/var/lib/etcd/member' ] || [ -L '/var/lib/etcd/member' ]; then printf '%s\n' '/var/lib/etcd/member is there. evcctl has not made this data of an etcd. Move it away, or name another folder in spec.kubernetes.clusterConfiguration.etcd.local.dataDir.' >&2; exit 1; fi
…
          case $said in *'"cluster_id":'*) ;; *) continue ;; esac
…
        echo 'Neither the API server nor etcd answers, so nobody knows whether other nodes are in this cluster, whose kubeadm init was cut off: it is not reset. Let etcd answer, then apply again; or, if nothing of the cluster is needed, run kubeadm reset on this host first.' >&2
…
      others=$(printf '%s\n' "$nodes" | grep -vxF -e '' -e 'node/cp1' | head -n 3) || :
…
        printf '%s\n' 'Other nodes are in this cluster, although its kubeadm init was cut off, so it is not reset. If it is well, remove /var/lib/kubelet/evcctl-unfinished; then apply again.' "$others" >&2
…
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/cri-dockerd.sock' >/dev/null
…

### kubeadm init:cluster on cp1: step 1, of 272 lines
…
  printf '%s\n' init '' >/var/lib/kubelet/evcctl-unfinished.new
…
      if [ -s /etc/kubernetes/manifests/kube-apiserver.yaml ]; then
        { sed -n 's/^ *- --etcd-servers=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | tr ',' '\n'; } >>/var/lib/evcctl/kubeadm-init.etcd
        { sync -- /var/lib/evcctl/kubeadm-init.etcd 2>/dev/null || sync; }
…
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/crio/crio.sock' >/dev/null
…
