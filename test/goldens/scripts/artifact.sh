### artifact:cri-dockerd on cp1: probe
(
lf='
' IFS='
'
set --
for name in 'cri-dockerd'; do
  if [ ! -f /var/lib/evcctl/artifacts/"$name" ]; then echo "absent=$name"; continue; fi
  echo "there=$name"
  set -- "$@" /var/lib/evcctl/artifacts/"$name"
done
set -f
records= recorded= looked=
if [ $# -gt 0 ]; then
  records=$(grep -H '' -- "$@")
  set --
  for line in $records; do
    case $line in *:file=*) ;; *) continue ;; esac
    line=${line#*:file=* }
    recorded=$recorded$lf$line
    set -- "$@" "/${line#*/}"
  done
  if [ $# -gt 0 ]; then looked=$(TZ=UTC0 stat -c '%a:%s:%i:%z %n' -- "$@" 2>/dev/null); fi
  printf '%s\n' "$records" "$looked"
fi
set --
if [ "$lf$looked" != "$recorded" ]; then
  for line in $records; do
    case $line in *:file=*) ;; *) continue ;; esac
    line=${line#*:file=* }
    path=/${line#*/}
    case $lf$looked$lf in *"$lf$line$lf"*) ;; *) if [ -f "$path" ]; then set -- "$@" "$path"; fi ;; esac
  done
fi
set +f
other() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then echo "folder=$1"; return 1; fi
  case $lf$records$lf in *" $1$lf"*) return 1 ;; esac
  if [ -e "$1" ] || [ -L "$1" ]; then echo "other=$1"; fi
  [ -f "$1" ]
}
for path in '/usr/local/bin/cri-dockerd'; do
  if other "$path"; then set -- "$@" "$path"; fi
done
# What is in a whole folder may be large, and is only counted.
for path in ; do other "$path" || :; done
if [ $# -gt 0 ]; then sha256sum -- "$@"; fi
)

### artifact:cri-dockerd on cp1: step 1, of 148 lines
…
site='github.com'
url='https://github.com/Mirantis/cri-dockerd/releases/download/v0.3.26/cri-dockerd-0.3.26.amd64.tgz'
…
down='/run/evcctl/down-github.com'
…
stamp='/var/lib/evcctl/artifacts/cri-dockerd'
unpacked='/var/cache/evcctl/cri-dockerd.unpacked'
mkdir -p /var/lib/evcctl/artifacts
chmod 700 /var/lib/evcctl
record="$stamp.next"
# Where the disk is full, what is left behind would keep it so.
trap 'rm -rf "$unpacked" "$record" "$record.paths" "$part"' EXIT
printf 'version=%s\narchive=%s\n' '0.3.26' 87f31c964d974cdce9c883c79b69e355c3c323e51d3a7d36cda140e6df7b8d5a >"$record"
case $(uname -m) in x86_64) machine=023e00;; aarch64) machine=02b700;; *) machine=;; esac
fits() {
  its=$(od -An -v -tx1 -N20 "$1" | tr -d ' \n' | sed -n 's/^7f454c46\(..\).\{26\}\(....\)$/\1\2/p')
  if [ -n "$its" ] && [ -n "$machine" ] && [ "$its" != "$machine" ]; then
    echo "$(basename "$1") is a program for another kind of machine (ELF $its, here $machine)" >&2
…
put() {
  fits "$1"
  mkdir -p "$(dirname "$2")"
  if ! { install -m 0755 -o root -g root "$1" "$2.evcctl-new" && { sync -- "$2.evcctl-new" 2>/dev/null || sync; } && hash=$(sha256sum <"$2.evcctl-new") && mv -fT "$2.evcctl-new" "$2"; }; then
    rm -f "$2.evcctl-new"
…
  hash=${hash%% *}
  echo "file=$hash $(TZ=UTC0 stat -c '%a:%s:%i:%z' "$2") $2" >>"$record"
…
rm -rf "$unpacked"
mkdir -p "$unpacked"
tar -xzf "$part" -C "$unpacked" --no-same-owner 'cri-dockerd/cri-dockerd'
put "$unpacked/"'cri-dockerd/cri-dockerd' '/usr/local/bin/cri-dockerd'
sed -n 's|^file=[^/]*||p' "$record" >"$record.paths"
if [ -f "$stamp" ]; then
  sed -n 's|^file=[^/]*||p' "$stamp" | while IFS= read -r old; do
    if ! grep -q -F -x "$old" "$record.paths" && { [ -L "$old" ] || [ ! -d "$old" ]; }; then rm -f "$old"; fi
…
{ sync -- "$record" 2>/dev/null || sync; }
# Once it is on record nobody looks for what is left of the download, so that goes before.
rm -rf "$unpacked" "$record.paths" "$part"
mv -fT "$record" "$stamp"

### artifact:cni-plugins on cp1: probe, of 47 lines
…
for path in ; do
…
for path in '/opt/cni/bin/'*; do other "$path" || :; done
…

### artifact:cni-plugins on cp1: step 1, of 151 lines
…
url='https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner
find "$unpacked" -type f -perm -u+x | LC_ALL=C sort | while IFS= read -r program; do
  put "$program" '/opt/cni/bin'/"$(basename "$program")"
…
if [ ! -s "$record.paths" ]; then echo 'there is no program in the archive' >&2; exit 1; fi
…

### artifact:kubeadm on cp1: step 1, of 145 lines
…
site='dl.k8s.io'
url='https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubeadm'
…
down='/run/evcctl/down-dl.k8s.io'
…
put "$part" '/usr/local/bin/kubeadm'
…

### artifact:etcd-tools on cp1: probe, of 47 lines
…
for path in '/usr/local/bin/etcdctl' '/usr/local/bin/etcdutl'; do
…

### artifact:etcd-tools on cp1: step 1, of 149 lines
…
url='https://github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-amd64.tar.gz'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner 'etcd-v3.6.8-linux-amd64/etcdctl' 'etcd-v3.6.8-linux-amd64/etcdutl'
put "$unpacked/"'etcd-v3.6.8-linux-amd64/etcdctl' '/usr/local/bin/etcdctl'
put "$unpacked/"'etcd-v3.6.8-linux-amd64/etcdutl' '/usr/local/bin/etcdutl'
…

### artifact:cri-o on cp1: probe, of 47 lines
…
for path in '/usr/local/bin/crio' '/usr/local/bin/pinns' '/usr/local/bin/crictl' '/usr/local/libexec/crio/conmon' '/usr/local/libexec/crio/crun'; do
…

### artifact:cri-o on cp1: step 1, of 152 lines
…
site='storage.googleapis.com'
url='https://storage.googleapis.com/cri-o/artifacts/cri-o.amd64.v1.36.3.tar.gz'
…
down='/run/evcctl/down-storage.googleapis.com'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner 'cri-o/bin/crio' 'cri-o/bin/pinns' 'cri-o/bin/crictl' 'cri-o/bin/conmon' 'cri-o/bin/crun'
put "$unpacked/"'cri-o/bin/crio' '/usr/local/bin/crio'
put "$unpacked/"'cri-o/bin/pinns' '/usr/local/bin/pinns'
put "$unpacked/"'cri-o/bin/crictl' '/usr/local/bin/crictl'
put "$unpacked/"'cri-o/bin/conmon' '/usr/local/libexec/crio/conmon'
put "$unpacked/"'cri-o/bin/crun' '/usr/local/libexec/crio/crun'
…

### artifact:etcd on e1: probe, of 47 lines
…
for path in '/usr/local/bin/etcd' '/usr/local/bin/etcdctl' '/usr/local/bin/etcdutl'; do
…

### artifact:etcd on e1: step 1, of 150 lines
…
url='https://github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-amd64.tar.gz'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner 'etcd-v3.6.8-linux-amd64/etcd' 'etcd-v3.6.8-linux-amd64/etcdctl' 'etcd-v3.6.8-linux-amd64/etcdutl'
put "$unpacked/"'etcd-v3.6.8-linux-amd64/etcd' '/usr/local/bin/etcd'
put "$unpacked/"'etcd-v3.6.8-linux-amd64/etcdctl' '/usr/local/bin/etcdctl'
put "$unpacked/"'etcd-v3.6.8-linux-amd64/etcdutl' '/usr/local/bin/etcdutl'
…

### artifact:calico-manifest on cp1: probe, of 47 lines
…
for path in '/etc/evcctl/calico/calico.yaml'; do
…

### artifact:calico-manifest on cp1: step 1, of 136 lines
…
site='raw.githubusercontent.com'
url='https://raw.githubusercontent.com/projectcalico/calico/v3.32.1/manifests/calico.yaml'
…
down='/run/evcctl/down-raw.githubusercontent.com'
…
put "$part" '/etc/evcctl/calico/calico.yaml'
…

### artifact:containerd on cp1: probe, of 47 lines
…
for path in '/usr/local/bin/containerd' '/usr/local/bin/containerd-shim-runc-v2' '/usr/local/bin/ctr'; do
…

### artifact:containerd on cp1: step 1, of 150 lines
…
url='https://github.com/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-linux-amd64.tar.gz'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner 'bin/containerd' 'bin/containerd-shim-runc-v2' 'bin/ctr'
put "$unpacked/"'bin/containerd' '/usr/local/bin/containerd'
put "$unpacked/"'bin/containerd-shim-runc-v2' '/usr/local/bin/containerd-shim-runc-v2'
put "$unpacked/"'bin/ctr' '/usr/local/bin/ctr'
…

### artifact:runc on cp1: probe, of 47 lines
…
for path in '/usr/local/sbin/runc'; do
…

### artifact:runc on cp1: step 1, of 145 lines
…
url='https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64'
…
put "$part" '/usr/local/sbin/runc'
…

### artifact:helm on cp1: step 1, of 148 lines
…
site='get.helm.sh'
url='https://get.helm.sh/helm-v3.18.4-linux-amd64.tar.gz'
…
down='/run/evcctl/down-get.helm.sh'
…
tar -xzf "$part" -C "$unpacked" --no-same-owner 'linux-amd64/helm'
put "$unpacked/"'linux-amd64/helm' '/usr/local/bin/helm'
…

### artifact:cilium-chart on cp1: probe, of 47 lines
…
for path in '/etc/evcctl/cilium/chart.tgz'; do
…

### artifact:cilium-chart on cp1: step 1, of 136 lines
…
site='helm.cilium.io'
url='https://helm.cilium.io/cilium-1.20.0.tgz'
…
down='/run/evcctl/down-helm.cilium.io'
…
put "$part" '/etc/evcctl/cilium/chart.tgz'
…
