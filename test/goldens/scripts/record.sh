### record:folders on cp1: probe
for path in '/etc/cni' '/etc/docker' '/etc/kubernetes' '/opt/cni' '/run/cni' '/run/containerd' '/run/cri-dockerd.sock' '/run/docker' '/run/docker.sock' '/run/flannel' '/usr/libexec/kubernetes' '/var/lib/cni' '/var/lib/containerd' '/var/lib/cri-dockerd' '/var/lib/docker' '/var/lib/etcd' '/var/lib/kubelet' '/var/log/containers' '/var/log/pods'; do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then continue; fi
  found=something
  if [ -d "$path" ] && [ ! -L "$path" ]; then
    found=empty
    for entry in "$path"/* "$path"/.[!.]*; do
      case $entry in */lost+found) ;; *) if [ -e "$entry" ] || [ -L "$entry" ]; then found=something; break; fi ;; esac
    done
  fi
  printf 'now=%s %s\n' "$found" "$path"
done
if [ -f '/var/lib/evcctl/before/folders' ]; then echo recorded=yes; sed 's/^/before=/' '/var/lib/evcctl/before/folders'; fi

### record:folders on cp1: step 1
if [ ! -e '/var/lib/evcctl/before/folders' ]; then
  umask 077
  mkdir -p /var/lib/evcctl/before
  cat >'/var/lib/evcctl/before/folders.new'
  { sync -- '/var/lib/evcctl/before/folders.new' 2>/dev/null || sync; }
  mv -fT '/var/lib/evcctl/before/folders.new' '/var/lib/evcctl/before/folders'
fi

### record:folders on cp1: probe, of 12 lines
for path in '/etc/cni' '/etc/containers' '/etc/crio' '/etc/kubernetes' '/opt/cni' '/run/calico' '/run/cni' '/run/containers' '/run/crio' '/usr/libexec/kubernetes' '/usr/local/libexec/crio' '/var/lib/calico' '/var/lib/cni' '/var/lib/containers' '/var/lib/crio' '/var/lib/kubelet' '/var/log/calico' '/var/log/containers' '/var/log/pods'; do
…

### record:folders on e1: probe, of 12 lines
for path in '/etc/etcd' '/var/lib/etcd'; do
…

### record:folders on cp1: probe, of 12 lines
for path in '/etc/cni' '/etc/containerd' '/etc/kubernetes' '/opt/cni' '/opt/containerd' '/run/cilium' '/run/cni' '/run/containerd' '/usr/libexec/kubernetes' '/var/lib/cilium' '/var/lib/cni' '/var/lib/containerd' '/var/lib/etcd' '/var/lib/kubelet' '/var/log/containers' '/var/log/pods'; do
…

### record:folders on cp1: probe, of 12 lines
for path in '/etc/cni' '/etc/containerd' '/etc/kubernetes' '/opt/cni' '/opt/containerd' '/run/cni' '/run/containerd' '/run/flannel' '/usr/libexec/kubernetes' '/var/lib/cni' '/var/lib/containerd' '/var/lib/etcd' '/var/lib/kubelet' '/var/log/containers' '/var/log/pods'; do
…

### record:folders on cp1: probe, of 12 lines
for path in '/etc/cni' '/etc/containerd' '/etc/kubernetes' '/opt/cni' '/opt/containerd' '/run/cni' '/run/containerd' '/run/flannel' '/usr/libexec/kubernetes' '/var/lib/cni' '/var/lib/containerd' '/var/lib/kubelet' '/var/log/containers' '/var/log/pods'; do
…
