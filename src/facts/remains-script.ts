import type { DistributionFacts } from './distribution.ts'

/** The file from which the kubelet's unit reads flags of the administrator (KUBELET_EXTRA_ARGS). */
const kubeletDefaults = '/etc/default/kubelet'

/** Where systemd looks for drop-ins of the kubelet's unit (systemd.unit(5)). */
const kubeletDropIns = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(
  folder => `${folder}/systemd/system/kubelet.service.d/*.conf`,
)

/** Programs and units that show that another Kubernetes distribution is installed. */
const distributionPaths = [
  '/usr/local/bin/k3s',
  '/usr/bin/k3s',
  '/etc/systemd/system/k3s.service',
  '/etc/systemd/system/k3s-agent.service',
  '/usr/local/bin/rke2',
  '/usr/bin/rke2',
  '/opt/rke2/bin/rke2',
  '/usr/local/bin/k0s',
  '/usr/bin/k0s',
  '/etc/systemd/system/k0scontroller.service',
  '/etc/systemd/system/k0sworker.service',
  '/snap/bin/microk8s',
  '/var/snap/microk8s/current',
  '/snap/bin/kubelet',
  '/snap/bin/k8s',
  '/usr/bin/microshift',
]

/**
 * Units of etcd: those of administrators and of packages. A drop-in is one of them, because it changes evcctl's unit, too.
 */
const etcdUnits = [
  '/etc/systemd/system/etcd.service',
  '/usr/lib/systemd/system/etcd.service',
  '/etc/systemd/system/etcd.service.d/*.conf',
]

/** Debian packages with programs or units that a node has, too. docker.io is left out: evcctl itself installs it. */
const packages = 'kubelet kubeadm kubectl containerd containerd.io docker-ce cri-o cri-dockerd'

/** Interfaces that pod networks and kube-proxy create. */
const interfaces =
  'cni[0-9]*|cbr0|flannel*|cilium_*|lxc_health|vxlan*.calico|vxlan-v6.calico|cali*|wireguard.cali|wg-v6.cali|weave|vethwe*|kube-ipvs0|kube-bridge|antrea-gw0|ovn-k8s-*|nodelocaldns|tunl0'

/** The most lines that the script prints, without those about files of the kubelet. */
export const mostLines = 500
/** The most files of the kubelet that the script reads. */
export const mostFiles = 50
/** The most names of settings, and the most flags, that the script prints of one file of the kubelet. */
export const mostSettings = 50
const longestFile = 65_536

/**
 * Prints a line for each file of the kubelet: names of settings, then flags. One process reads all files. It uses no class
 * like [:space:], which the mawk of older systems does not know.
 */
const settingsProgram = `
BEGIN {
  for (one = 1; one < ARGC; one++) {
    names = flags = ""
    named = flagged = size = 0
    while (size < ${longestFile} && (getline line < ARGV[one]) > 0) {
      if (line ~ /^[ \\t]*[#;]/) continue
      size += length(line) + 1
      if (match(line, /^[ \\t]*(ExecStart|EnvironmentFile|Environment|PassEnvironment|UnsetEnvironment)[ \\t]*=/)) {
        name = substr(line, 1, RLENGTH - 1)
        gsub(/[ \\t]/, "", name)
        if (named++ < ${mostSettings}) names = names name " "
      }
      while (flagged < ${mostSettings} && match(line, /--[a-z][a-z0-9-]*(=[^ \\t\\r\\f\\v"]*)?/)) {
        flags = flags substr(line, RSTART, RLENGTH) " "
        flagged++
        line = substr(line, RSTART + RLENGTH)
      }
    }
    close(ARGV[one])
    printf "kubelet %s %s%s\\n", ARGV[one], names, flags
  }
}`

/**
 * Prints a line for each thing that other software has left: its kind, then a path or name, and sometimes details. Of the
 * kubelet's files it prints only flags and the names of settings, because an environment may hold passwords.
 */
export const remainsScript = ({ maker, unfinished, files }: DistributionFacts) => `left=${mostLines}
say() { [ "$left" = 0 ] || { left=$((left - 1)); printf '%s %s\\n' "$1" "$2"; }; }
{
if ${unfinished}; then say begun ${maker}; fi
for file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json; do
  [ ! -f "$file" ] || say cni "$file"
done
for file in ${files}; do
  [ ! -s "$file" ] || say kubernetes "$file"
done
set --
for file in ${kubeletDefaults} ${kubeletDropIns.join(' ')}; do
  [ ! -f "$file" ] || [ "$#" -ge ${mostFiles} ] || set -- "$@" "$file"
done
[ "$#" = 0 ] || awk '${settingsProgram}' "$@"
for file in /etc/containerd/conf.d/*.toml; do
  [ ! -f "$file" ] || say containerd "$file $(head -c ${longestFile} "$file" | base64 | tr -d '\\n')"
done
for file in /etc/crio/crio.conf.d/*; do [ ! -f "$file" ] || say cri-o "$file"; done
for file in ${distributionPaths.join(' ')}; do [ ! -e "$file" ] || say distribution "$file"; done
set --
for name in ${packages}; do
  file=/var/lib/dpkg/info/$name.list
  [ ! -f "$file" ] || set -- "$@" "$file"
done
# A package that was removed, not purged, still has a list, of its configuration files.
[ "$#" = 0 ] || for file in $(grep -l '/bin/' "$@"); do file=\${file##*/}; say package "\${file%.list}"; done
some=0
for file in /var/lib/etcd/*; do
  if [ "\${file##*/}" = lost+found ] || [ ! -e "$file" ] || [ "$some" -ge 20 ]; then continue; fi
  some=$((some + 1))
  say etcd "$file"
done
for file in ${etcdUnits.join(' ')}; do
  [ ! -f "$file" ] || grep -q '^# Kept by evcctl' "$file" || say etcd "$file"
done
for device in /sys/class/net/*; do
  case \${device##*/} in ${interfaces}) say interface "\${device##*/}";; esac
done
} 2>/dev/null`
