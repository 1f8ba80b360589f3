# What an administrator would write by hand to check one node of a cluster: read only, one pass, run as root over ssh.
# The same questions that `evcctl plan` asks of a host, without comparing the answers to anything.
LC_ALL=C; export LC_ALL
cat /etc/os-release /proc/meminfo /proc/swaps /etc/fstab /etc/resolv.conf
uname -a; hostname; cat /etc/machine-id; date +%s; df -P /usr/local/bin /var/lib /etc /tmp
ip -o addr; ip route; ss -Hltnp
dpkg-query -W -f '${Package} ${Status}\n' conntrack curl ethtool iptables kmod nginx libnginx-mod-stream socat
for key in net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables \
  kernel.panic kernel.panic_on_oops vm.overcommit_memory vm.panic_on_oom fs.inotify.max_user_instances; do
  printf '%s = ' "$key"; cat "/proc/sys/$(echo "$key" | tr . /)"
done
cat /proc/modules
for file in /etc/sysctl.d/99-evcctl.conf /etc/modules-load.d/evcctl.conf /etc/hosts /etc/evcctl/nginx-proxy.conf \
  /etc/systemd/system/evcctl-nginx-proxy.service /etc/containerd/config.toml /etc/systemd/system/containerd.service \
  /etc/systemd/system/kubelet.service /var/lib/kubelet/config.yaml; do
  stat -c '%n %a %U:%G %s' "$file"; sha256sum "$file"; cat "$file"
done
for folder in /var/lib/evcctl /etc/evcctl /etc/kubernetes/manifests; do stat -c '%n %a %U:%G' "$folder"; done
for unit in evcctl-nginx-proxy containerd kubelet nginx; do
  systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload "$unit.service"
done
stat -c '%n %i %z %s' /usr/local/bin/* /usr/local/sbin/runc /opt/cni/bin/*
cat /var/lib/evcctl/artifacts/* /var/lib/evcctl/images/* 2>/dev/null
ctr -n k8s.io images ls -q
if [ -e /etc/kubernetes/admin.conf ]; then
  kubectl='kubectl --kubeconfig /etc/kubernetes/admin.conf'
  $kubectl get nodes -o json
  $kubectl get --raw /readyz
  $kubectl -n kube-system get configmaps kubeadm-config kubelet-config kube-proxy -o json
  $kubectl -n kube-flannel get daemonsets,configmaps,serviceaccounts -o json
  openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -pubkey | sha256sum
  openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -text
else
  stat -c '%n %a' /etc/kubernetes/kubelet.conf /var/lib/kubelet/pki/kubelet-client-current.pem
fi
