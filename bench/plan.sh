# What an administrator would write by hand to check one node of a cluster: read only, one pass, run as root over ssh.
# The same questions that `evcctl plan` asks of a host, without comparing the answers to anything. What one process can
# tell of many things is asked of one process.
LC_ALL=C TZ=UTC; export LC_ALL TZ

# The machine: system, kernel, architecture, identity, size, init, cgroups, clock.
cat /etc/os-release /etc/machine-id /sys/class/dmi/id/product_uuid /proc/meminfo /proc/1/comm /sys/fs/cgroup/cgroup.controllers
uname -a; nproc; date +%s.%N
df -Pk /usr/local/bin /var/lib /etc /tmp

# Its network: addresses, default route, who listens on which port, name servers.
ip -o addr; ip -4 route show default; ss -Hltnp
grep '^nameserver' /etc/resolv.conf

# Is another run of the tool at work here?
cat /run/evcctl/lock/* /var/lib/evcctl/generation 2>/dev/null

# Its firewall, if it has one: rules of iptables, nftables, ufw, firewalld.
iptables -S 2>/dev/null; [ ! -x /usr/sbin/nft ] || nft -t list ruleset
cat /etc/ufw/user.rules /etc/firewalld/policies/*.xml 2>/dev/null

# Packages: those that a node needs, and any that a crash left half configured.
dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' |
  grep -E '^(ca-certificates|conntrack|curl|ethtool|iproute2|iptables|kmod|libnginx-mod-stream|mount|nginx|socat) | (half-|unpacked)'

# Kernel settings and modules, now and at boot; swap; the host's name.
grep -H '' /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables \
  /proc/sys/net/bridge/bridge-nf-call-ip6tables /proc/sys/kernel/keys/root_maxbytes /proc/sys/kernel/keys/root_maxkeys \
  /proc/sys/kernel/panic /proc/sys/kernel/panic_on_oops /proc/sys/vm/overcommit_memory /proc/sys/vm/panic_on_oom \
  /proc/sys/net/ipv4/ip_local_reserved_ports /proc/sys/fs/inotify/max_user_instances
cat /etc/sysctl.d/99-zz-evcctl.conf /etc/modules-load.d/evcctl.conf
grep -E '^(br_netfilter|nf_conntrack|overlay|vxlan) ' /proc/modules
cat /proc/swaps; grep swap /etc/fstab
cat /etc/hostname

# Files and folders: rights, checksum, content (what differs is to be shown line by line).
set -- /etc/hosts /etc/evcctl/nginx-proxy.conf /etc/systemd/system/evcctl-nginx-proxy.service \
  /etc/containerd/config.toml /etc/systemd/system/containerd.service \
  /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d/10-kubeadm.conf
[ ! -e /etc/kubernetes/admin.conf ] || set -- "$@" /etc/evcctl/kubeadm.yaml
stat -c '%n %F %a %U:%G %s' "$@" /var/lib/evcctl /etc/evcctl
sha256sum "$@"
cat "$@"
cat /etc/containerd/certs.d/*/hosts.toml 2>/dev/null

# Units: state, at boot, since when; the files they read, and what these were when they were started.
systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp \
  evcctl-nginx-proxy.service evcctl-haproxy.service containerd.service kubelet.service \
  swap.target dphys-swapfile.service zramswap.service zram-config.service \
  nvzramconfig.service armbian-zram-config.service '*.swap'
stat -L -c '%n %i %z' /usr/sbin/nginx /etc/systemd/system/evcctl-nginx-proxy.service /etc/evcctl/nginx-proxy.conf \
  /usr/local/bin/containerd /etc/systemd/system/containerd.service /etc/containerd/config.toml \
  /usr/local/bin/kubelet /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d/10-kubeadm.conf \
  /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env
grep -H '' /var/lib/evcctl/started/*

# Binaries: what was installed, and whether it is still that (inode, size, mode, change time).
cat /var/lib/evcctl/artifacts/*
stat -c '%n %a %s %i %z' /usr/local/bin/* /usr/local/sbin/* /opt/cni/bin/*

# Images: what each archive brought, and what the runtime has of it.
grep -H '' /var/lib/evcctl/images/*
ctr -n k8s.io images ls -q

# The node: unfinished joins, credentials, which cluster and which name its certificates are for, the kubelet's settings
# and flags, as they are and as they were written last.
ls /var/lib/evcctl /etc/kubernetes /etc/kubernetes/manifests /var/lib/etcd 2>/dev/null
sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' /var/lib/kubelet/pki/kubelet-client-current.pem
cat /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \
  /var/lib/evcctl/kubelet-config.yaml /var/lib/evcctl/kubelet-configuration.json /var/lib/evcctl/network-check

# Is it Ready? It may ask about itself only.
curl -sS --max-time 5 --cacert /etc/kubernetes/pki/ca.crt --cert /var/lib/kubelet/pki/kubelet-client-current.pem \
  -H 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' \
  "https://127.0.0.1:7443/api/v1/nodes/$(cat /etc/hostname)?includeObject=None"

# On the control plane node, the cluster: labels, taints and annotations of all nodes; what kubeadm keeps and what was
# wanted last; the API server's certificate and place; the objects of flannel.
if [ -e /etc/kubernetes/admin.conf ]; then
  kubectl='kubectl --kubeconfig /etc/kubernetes/admin.conf'
  $kubectl get nodes -o json
  $kubectl -n kube-system get configmaps kubeadm-config kubelet-config kube-proxy -o json
  $kubectl -n kube-flannel get namespace/kube-flannel clusterrole/flannel clusterrolebinding/flannel \
    serviceaccount/flannel configmap/kube-flannel-cfg daemonset/kube-flannel-ds -o json
  cat /var/lib/evcctl/kubeadm-configuration.json /etc/kubernetes/pki/apiserver.crt
  grep -e --advertise-address -e --secure-port /etc/kubernetes/manifests/kube-apiserver.yaml
fi
# Something that is not there is an answer, too.
exit 0
