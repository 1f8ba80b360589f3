PATH=$PATH:/usr/sbin:/sbin
at() { echo; echo "@@ $1"; }
first() { at "$1"; said=; { read -r said <"$2"; } 2>/dev/null; printf '%s\n' "$said"; }
all() { while IFS= read -r said || [ -n "$said" ]; do printf '%s\n' "$said"; done; }
clock() { date '+%s.%N' 2>/dev/null || date '+%s'; }
at clock; clock
at os
if [ -f /etc/os-release ]; then all </etc/os-release; elif [ -f /usr/lib/os-release ]; then all </usr/lib/os-release; fi
set -- $(uname -nrm)
at hostname; echo "$1"
at kernel; echo "$2"
at machine; echo "$3"
at userland; od -An -tu1 -j4 -N1 /bin/sh 2>/dev/null
first machine-id /etc/machine-id
first product-uuid /sys/class/dmi/id/product_uuid
first uptime /proc/uptime
at cpus; nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo
# MemTotal is the first line of it.
first memory /proc/meminfo
first init /proc/1/comm; [ ! -d /run/systemd/system ] || echo booted-with-systemd
first cgroup2 /sys/fs/cgroup/cgroup.controllers
at cgroup1; [ -e /sys/fs/cgroup/cgroup.controllers ] || cat /proc/cgroups 2>/dev/null
at addresses; ip -o addr show 2>/dev/null
at fib; command -v ip >/dev/null 2>&1 || cat /proc/net/fib_trie 2>/dev/null
at if-inet6; command -v ip >/dev/null 2>&1 || cat /proc/net/if_inet6 2>/dev/null
at routes; cat /proc/net/route 2>/dev/null
at default-route; ip -4 route show default 2>/dev/null
at listening; ss -ltnp 2>/dev/null
at tcp; command -v ss >/dev/null 2>&1 || cat /proc/net/tcp /proc/net/tcp6 2>/dev/null
at free
set --
for path in /usr/local/bin /var/lib /etc /tmp; do
  while [ ! -e "$path" ]; do path=${path%/*}; path=${path:-/}; done
  set -- "$@" "$path"
done
df -Pk "$@" 2>/dev/null
at kubernetes
for name in kubelet admin; do [ ! -e "/etc/kubernetes/$name.conf" ] || echo "$name.conf"; done
if [ -s /etc/kubernetes/admin.conf ] && { [ -s /etc/kubernetes/manifests/kube-apiserver.yaml ] || { [ -e /var/lib/evcctl/manifests/complete ] && [ -s /var/lib/evcctl/manifests/kube-apiserver.yaml ]; }; } && ! { [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; }; then
  echo control-plane
  if [ -s /etc/kubernetes/pki/ca-rotation/former.crt ]; then
    next=$(sha256sum </etc/kubernetes/pki/ca-rotation/next.crt)
    echo "caRotation=${next%% *}"
    [ ! -s /etc/kubernetes/pki/ca-rotation/signing.crt ] || echo caFilesApart
    former=$(sed -n '/^-----BEGIN/,/^-----END/{/^-----/!p;}' /etc/kubernetes/pki/ca-rotation/former.crt | tr -d '[:space:]')
    case $(tr -d '[:space:]' </etc/kubernetes/pki/ca.crt) in *"$former"*) echo trustsFormerCa ;; esac
    same_key() {
      public=$(openssl pkey -in "$2" -pubout 2>/dev/null) && [ "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" = "$public" ]
    }
    next_key() {
      for own in /etc/kubernetes/pki/ca-rotation/next.key /etc/kubernetes/pki/ca.key; do
        if same_key /etc/kubernetes/pki/ca-rotation/next.crt "$own"; then
          echo "$own"
          return
        fi
      done
      return 1
    }
    ! next_key >/dev/null || echo nextCaKey
  fi
  [ ! -s /etc/kubernetes/pki/ca-rotation/cross.crt ] || echo crossCertificate
fi
[ ! -s /etc/kubernetes/manifests/kube-apiserver.yaml ] ||
  sed -n 's|^ *image: .*/kube-apiserver:v|apiServer=|p' /etc/kubernetes/manifests/kube-apiserver.yaml
[ ! -e /var/lib/evcctl/manifests/complete ] ||
  sed -n 's|^ *image: .*/kube-apiserver:v|formerApiServer=|p' /var/lib/evcctl/manifests/kube-apiserver.yaml 2>/dev/null || :
etcd=/etc/kubernetes/manifests/etcd.yaml
[ ! -e /var/lib/evcctl/manifests/complete ] || etcd=/var/lib/evcctl/manifests/etcd.yaml
[ ! -s "$etcd" ] || sed -n 's|^ *image: .*/etcd:|etcdTag=|p' "$etcd"
if placed=$(stat -c %Z /etc/kubernetes/manifests/etcd.yaml 2>/dev/null); then echo "etcdPlaced=$(( $(date +%s) - placed ))"; fi
[ ! -s /var/lib/evcctl/artifacts/kubelet ] || { read -r version </var/lib/evcctl/artifacts/kubelet; echo "kubelet=${version#version=}"; }
at etcd
if [ ! -d /var/lib/etcd/member/wal ]; then :; elif [ -e /var/lib/evcctl/etcd.creating ]; then echo creating; else echo formed; fi
for file in /etc/etcd/etcd.env /etc/systemd/system/etcd.service; do
  [ ! -f "$file" ] || ! grep -q '^# Kept by evcctl' "$file" || echo own
done
named=
if [ -f /etc/fstab ]; then
  while read -r device place rest || [ -n "${device:-}" ]; do
    case $device in '#'*) continue ;; esac
    case ${place%/} in /var | /var/lib | /var/lib/etcd | /var/lib/etcd/member | /var/lib/etcd/member/wal) named="$named ${place%/}" ;; esac
  done </etc/fstab
fi
for folder in /etc/systemd/system /usr/lib/systemd/system; do [ ! -s "$folder/var.mount" ] || named="$named /var"; done
for folder in /etc/systemd/system /usr/lib/systemd/system; do [ ! -s "$folder/var-lib.mount" ] || named="$named /var/lib"; done
for folder in /etc/systemd/system /usr/lib/systemd/system; do [ ! -s "$folder/var-lib-etcd.mount" ] || named="$named /var/lib/etcd"; done
for folder in /etc/systemd/system /usr/lib/systemd/system; do [ ! -s "$folder/var-lib-etcd-member.mount" ] || named="$named /var/lib/etcd/member"; done
for folder in /etc/systemd/system /usr/lib/systemd/system; do [ ! -s "$folder/var-lib-etcd-member-wal.mount" ] || named="$named /var/lib/etcd/member/wal"; done
for place in $named; do grep -q "^[^ ]* $place " /proc/mounts || echo "unmounted $place"; done
[ ! -s /etc/etcd/ca/ca.key ] || echo ca
[ ! -s /etc/evcctl/etcd/client.crt ] || echo client
nameservers() {
  stub=
  while IFS= read -r said || [ -n "$said" ]; do
    case $said in nameserver*) printf '%s\n' "$said" ;; esac
    case $said in 'nameserver 127.0.0.53'*) stub=yes ;; esac
  done
}
at nameservers
[ ! -f /etc/resolv.conf ] || nameservers </etc/resolv.conf
[ -z "${stub:-}" ] || [ ! -f /run/systemd/resolve/resolv.conf ] || nameservers </run/systemd/resolve/resolv.conf
at remains
left=500
say() { [ "$left" = 0 ] || { left=$((left - 1)); printf '%s %s\n' "$1" "$2"; }; }
{
if [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then say begun kubeadm; fi
for file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json; do
  [ ! -f "$file" ] || say cni "$file"
done
for file in /etc/kubernetes/*.conf /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/*.key /etc/kubernetes/pki/*.pub \
  /etc/kubernetes/pki/etcd/*.crt /etc/kubernetes/pki/etcd/*.key /etc/kubernetes/pki/ca-rotation*/* /etc/kubernetes/manifests/*; do
  [ ! -s "$file" ] || say kubernetes "$file"
done
set --
for file in /etc/default/kubelet /etc/systemd/system/kubelet.service.d/*.conf /run/systemd/system/kubelet.service.d/*.conf /usr/local/lib/systemd/system/kubelet.service.d/*.conf /usr/lib/systemd/system/kubelet.service.d/*.conf; do
  [ ! -f "$file" ] || [ "$#" -ge 50 ] || set -- "$@" "$file"
done
[ "$#" = 0 ] || awk '
BEGIN {
  for (one = 1; one < ARGC; one++) {
    names = flags = ""
    named = flagged = size = 0
    while (size < 65536 && (getline line < ARGV[one]) > 0) {
      if (line ~ /^[ \t]*[#;]/) continue
      size += length(line) + 1
      if (match(line, /^[ \t]*(ExecStart|EnvironmentFile|Environment|PassEnvironment|UnsetEnvironment)[ \t]*=/)) {
        name = substr(line, 1, RLENGTH - 1)
        gsub(/[ \t]/, "", name)
        if (named++ < 50) names = names name " "
      }
      while (flagged < 50 && match(line, /--[a-z][a-z0-9-]*(=[^ \t\r\f\v"]*)?/)) {
        flags = flags substr(line, RSTART, RLENGTH) " "
        flagged++
        line = substr(line, RSTART + RLENGTH)
      }
    }
    close(ARGV[one])
    printf "kubelet %s %s%s\n", ARGV[one], names, flags
  }
}' "$@"
for file in /etc/containerd/conf.d/*.toml; do
  [ ! -f "$file" ] || say containerd "$file $(head -c 65536 "$file" | base64 | tr -d '\n')"
done
for file in /etc/crio/crio.conf.d/*; do [ ! -f "$file" ] || say cri-o "$file"; done
for file in /usr/local/bin/k3s /usr/bin/k3s /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service /usr/local/bin/rke2 /usr/bin/rke2 /opt/rke2/bin/rke2 /usr/local/bin/k0s /usr/bin/k0s /etc/systemd/system/k0scontroller.service /etc/systemd/system/k0sworker.service /snap/bin/microk8s /var/snap/microk8s/current /snap/bin/kubelet /snap/bin/k8s /usr/bin/microshift; do [ ! -e "$file" ] || say distribution "$file"; done
set --
for name in kubelet kubeadm kubectl containerd containerd.io docker-ce cri-o cri-dockerd; do
  file=/var/lib/dpkg/info/$name.list
  [ ! -f "$file" ] || set -- "$@" "$file"
done
# A package that was removed, not purged, still has a list, of its configuration files.
[ "$#" = 0 ] || for file in $(grep -l '/bin/' "$@"); do file=${file##*/}; say package "${file%.list}"; done
some=0
for file in /var/lib/etcd/*; do
  if [ "${file##*/}" = lost+found ] || [ ! -e "$file" ] || [ "$some" -ge 20 ]; then continue; fi
  some=$((some + 1))
  say etcd "$file"
done
for file in /etc/systemd/system/etcd.service /usr/lib/systemd/system/etcd.service /etc/systemd/system/etcd.service.d/*.conf; do
  [ ! -f "$file" ] || grep -q '^# Kept by evcctl' "$file" || say etcd "$file"
done
for device in /sys/class/net/*; do
  case ${device##*/} in cni[0-9]*|cbr0|flannel*|cilium_*|lxc_health|vxlan*.calico|vxlan-v6.calico|cali*|wireguard.cali|wg-v6.cali|weave|vethwe*|kube-ipvs0|kube-bridge|antrea-gw0|ovn-k8s-*|nodelocaldns|tunl0) say interface "${device##*/}";; esac
done
} 2>/dev/null
at certificates
(
  set --
  for file in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf /etc/kubernetes/pki/ca-rotation/cross.crt /var/lib/kubelet/pki/kubelet-client-current.pem /etc/etcd/pki/*.crt /etc/etcd/ca/ca.crt /etc/evcctl/etcd/*.crt; do
    [ ! -f "$file" ] || [ "$#" -ge 50 ] || set -- "$@" "$file"
  done
  [ "$#" = 0 ] || awk '
FNR == 1 { if (reading) printf "\n"; reading = 0; done = 0 }
done || FNR > 200 { next }
/^-----/ && reading { printf "\n"; reading = 0; done = (FILENAME !~ /ca\.crt$/); next }
reading { printf "%s", $1; next }
/^-----BEGIN CERTIFICATE-----/ { printf "certificate %s ", FILENAME; reading = 1; next }
/^ *client-certificate-data: / { printf "certificate %s %s\n", FILENAME, $2; done = 1 }
' "$@" 2>/dev/null
)
at swaps; [ ! -f /proc/swaps ] || all </proc/swaps
first applied /var/lib/evcctl/applied
at lock
say() { said=; { read -r said <"$2"; } 2>/dev/null; echo "lock.$1 $said"; }
say generation /var/lib/evcctl/generation
say found /run/evcctl/lock/found
say holder /run/evcctl/lock/holder
say replaced /run/evcctl/lock/replaced
say heartbeat /run/evcctl/lock/heartbeat
say fence /var/lib/evcctl/fence
for file in /run/evcctl/exchange/*; do
  said=
  { read -r said <"$file"; } 2>/dev/null || continue
  set -- $said
  start=${2:-} stat=
  { read -r stat <"/proc/${file##*/}/stat"; } 2>/dev/null || continue
  set -- ${stat##*) }
  [ "${20:-}" != "$start" ] || { echo 'lock.busy yes'; break; }
done
read -r uptime said </proc/uptime
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
echo "lock.now $boot ${uptime%.*}"
at kubelet-nameservers
(
sed -n 's/^[[:space:]]*nameserver[[:space:]][[:space:]]*//p' -- '/etc/kubelet-resolv.conf' 2>/dev/null

)
at endpoint
(
export LC_ALL=C
getent ahosts 'api.example' 2>/dev/null | cut -d ' ' -f 1 | sort -u | sed 's/^/address=/'
code=
if command -v bash >/dev/null && command -v timeout >/dev/null; then
  said=$(timeout 5 bash --norc -c 'exec 3<>"/dev/tcp/$0/$1"' 'api.example' '6443' 2>&1) && code=0 || code=$?
  echo "code=$code"
  printf 'said=%s\n' "$(printf '%s' "$said" | head -n 1)"
fi
if [ "$code" = 0 ] && command -v openssl >/dev/null; then
  printf 'certificate=%s\n' "$(printf 'GET /readyz HTTP/1.0\r\n\r\n' |
    timeout 5 openssl s_client -connect 'api.example:6443' -servername 'api.example' -ign_eof 2>/dev/null |
    sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p' | base64 | tr -d '\n')"
fi
if [ -f /etc/kubernetes/pki/ca.crt ]; then printf 'ca='; base64 -w 0 </etc/kubernetes/pki/ca.crt; echo; fi

)
at clock-end; clock
at end
