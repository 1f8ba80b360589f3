import { clearMark, setMark, syncLine, syncTreeLine } from '../shell/on-disk.ts'
import { quote } from '../shell/quote.ts'
import { stateFolder } from './kubeadm-state.ts'
import { controlPlaneComponents } from './static-pods.ts'

/** Copies of what lay where `kubeadm reset` deletes, from before kubeadm wrote anything. Root only: keys are among them. */
const kept = `${stateFolder}/kubeadm-before`

export interface ResetOptions {
  /** File that tells of a run of kubeadm that has begun and is not done. */
  readonly marker: string
  /** Of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** Data directory of the stacked etcd; undefined where the host has none of kubeadm's. */
  readonly etcdData?: string | undefined
  /** Lines before a reset; what fails there keeps everything as it is. */
  readonly leave?: string
}

const kubernetes = '/etc/kubernetes'
const kubelet = '/var/lib/kubelet'

// What the kubelet makes there by itself, or kubeadm for it.
const ofKubelet = [
  ...['pods', 'plugins', 'plugins_registry', 'device-plugins', 'pod-resources', 'checkpoints', '*_state', 'pki'],
  ...['config.yaml', 'kubeadm-flags.env', 'instance-config.yaml'],
].map(name => `${kubelet}/${name}`)

// The names under which kubeadm writes: where an earlier node was, these are what is left of it.
const ofKubeadm = [
  ...['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map(
    name => `${name}.conf`,
  ),
  ...['etcd', ...controlPlaneComponents].map(name => `manifests/${name}.yaml`),
  ...['ca.*', 'sa.*', 'apiserver*', 'front-proxy-*', 'etcd'].map(name => `pki/${name}`),
].map(name => `${kubernetes}/${name}`)

const places = [
  { name: 'conf', folder: kubernetes, entries: `${kubernetes}/*.conf` },
  ...[`${kubernetes}/pki`, `${kubernetes}/manifests`, kubelet].map(folder => ({
    name: folder.slice(folder.lastIndexOf('/') + 1),
    folder,
    entries: `${folder}/* ${folder}/.[!.]*`,
  })),
]

/**
 * Shell functions around a run of kubeadm that can be cut off anywhere. `begin` comes after kubeadm's own preflight: it
 * copies what lies in the folders that `kubeadm reset` empties, and then writes the marker, each synced before the next.
 * `reset_host` undoes what has begun: it resets, puts the copies back and takes the marker away; one that is cut off is
 * repeated whole. Where no run of evcctl made copies, an earlier node has been: all but its files is kept. kubeadm's own
 * phase for etcd is left out, since it would empty the whole data directory: etcd writes in `member` alone, and a host
 * that has that without a marker is refused. They end the script when something fails, so they are not called in a
 * condition.
 */
export function resetFunctions({ marker, criSocket, etcdData, leave = '' }: ResetOptions): string {
  const member = etcdData === undefined ? undefined : quote(`${etcdData}/member`)
  const taken = `${etcdData}/member is there, and evcctl has not made it: move it away, or name another folder in spec.kubernetes.clusterConfiguration.etcd.local.dataDir`
  const needNoMember =
    member === undefined
      ? ':'
      : `if [ -e ${member} ] || [ -L ${member} ]; then printf '%s\\n' ${quote(taken)} >&2; exit 1; fi`
  return `keep_entries() {
  place=${kept}.new/$1
  shift
  mkdir "$place"
  for entry in "$@"; do
    if [ ! -e "$entry" ] && [ ! -L "$entry" ]; then continue; fi
    case $entry in ${ofKubelet.join('|')}) continue ;; esac
    case $former$entry in ${ofKubeadm.map(path => `yes${path}`).join('|')}) continue ;; esac
    cp -fpPR -- "$entry" "$place/"
  done
}
keep_files() {
  former=$1
  rm -rf ${kept} ${kept}.new
  mkdir -m 0700 ${kept}.new
${places.map(({ name, entries }) => `  keep_entries ${name} ${entries}\n`).join('')}  ${syncTreeLine(`${kept}.new`)}
  mv ${kept}.new ${kept}
  ${syncLine(stateFolder)}
}
mark() {
${indented(setMark(marker))}}
need_no_member() {
  ${needNoMember}
}
begin() {
  need_no_member
  keep_files no
  mark
}
put_back() {
  folder=$1
  shift
  mkdir -p "$folder"
  for entry in "$@"; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then cp -fpPR -- "$entry" "$folder/"; fi
  done
}
reset_host() {
${leave}  if [ ! -e ${marker} ]; then need_no_member; rm -rf ${kept}; fi
  if [ ! -d ${kept} ]; then keep_files yes; fi
  mark
  systemctl stop kubelet 2>/dev/null || :
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket ${quote(criSocket)} >/dev/null
${member === undefined ? '' : `  rm -rf -- ${member}\n`}${places
  .map(({ name, folder }) => `  put_back ${folder} ${kept}/${name}/* ${kept}/${name}/.[!.]*\n`)
  .join('')}  ${syncTreeLine(`${kubernetes} ${kubelet}`)}
${indented(forget(marker))}}
`
}

/** Takes back the marker of a run of kubeadm, once what it wrote is on the disk: kubeadm does not wait for that. */
export function finished(marker: string): string {
  return `${syncTreeLine('/etc/kubernetes /var/lib/kubelet/pki /var/lib/kubelet/config.yaml')}\n${forget(marker)}`
}

// The copies go last: with the marker and without them, the next run would not know what to put back.
function forget(marker: string): string {
  return `${clearMark(marker)}rm -rf ${kept} ${kept}.new\n`
}

function indented(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ')
}
