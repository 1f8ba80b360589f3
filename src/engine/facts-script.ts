import { kubeadmUnfinished } from '../core/kubeadm-unfinished.ts'
import { certificatesScript } from './facts-certificates.ts'
import { mountsScript } from './facts-mounts.ts'
import { remainsScript } from './facts-remains.ts'
import { hostLockPaths, readLockScript } from './lock-state.ts'

/**
 * Prints the sections of the facts, each after a line `@@ name`. POSIX sh with what busybox and minimal Debian have: a
 * missing file or tool leaves its section empty, and where a tool may be missing /proc is read as well. Small files are read
 * by the shell itself: processes are nearly all that a plan costs on a host.
 * The clock is read at the beginning and at the end, so that the script's own time can be told from the way there and back.
 */
export const factsScript = `PATH=$PATH:/usr/sbin:/sbin
at() { echo; echo "@@ $1"; }
first() { at "$1"; said=; { read -r said <"$2"; } 2>/dev/null; printf '%s\\n' "$said"; }
all() { while IFS= read -r said || [ -n "$said" ]; do printf '%s\\n' "$said"; done; }
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
  while [ ! -e "$path" ]; do path=\${path%/*}; path=\${path:-/}; done
  set -- "$@" "$path"
done
df -Pk "$@" 2>/dev/null
at kubernetes
for name in kubelet admin; do [ ! -e "/etc/kubernetes/$name.conf" ] || echo "$name.conf"; done
[ ! -s /etc/kubernetes/admin.conf ] || [ ! -s /etc/kubernetes/manifests/kube-apiserver.yaml ] ||
  { ${kubeadmUnfinished}; } || echo control-plane
at etcd
if [ ! -d /var/lib/etcd/member/wal ]; then :; elif [ -e /var/lib/evcctl/etcd.creating ]; then echo creating; else echo formed; fi
for file in /etc/etcd/etcd.env /etc/systemd/system/etcd.service; do
  [ ! -f "$file" ] || ! grep -q '^# Kept by evcctl' "$file" || echo own
done
${mountsScript}[ ! -s /etc/etcd/ca/ca.key ] || echo ca
[ ! -s /etc/evcctl/etcd/client.crt ] || echo client
nameservers() {
  stub=
  while IFS= read -r said || [ -n "$said" ]; do
    case $said in nameserver*) printf '%s\\n' "$said" ;; esac
    case $said in 'nameserver 127.0.0.53'*) stub=yes ;; esac
  done
}
at nameservers
[ ! -f /etc/resolv.conf ] || nameservers </etc/resolv.conf
[ -z "\${stub:-}" ] || [ ! -f /run/systemd/resolve/resolv.conf ] || nameservers </run/systemd/resolve/resolv.conf
at remains
${remainsScript}
at certificates
${certificatesScript}at swaps; [ ! -f /proc/swaps ] || all </proc/swaps
at lock
${readLockScript(hostLockPaths)}
at clock-end; clock
at end
`

/** The facts, and what other scripts print as sections of their own, within the time that the two clocks enclose. */
export function factsScriptWith(questions: Readonly<Record<string, string | undefined>>): string {
  const sections = Object.entries(questions).flatMap(([name, script]) =>
    script === undefined ? [] : [`at ${name}\n(\n${script}\n)\n`],
  )
  return factsScript.replace('at clock-end;', () => `${sections.join('')}at clock-end;`)
}
