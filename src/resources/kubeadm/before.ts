import type { Change, ProbeResult } from '../../core/resource.ts'
import { everyEntry } from '../../shell/every-entry.ts'
import { syncLine, syncTreeLine } from '../../shell/on-disk.ts'
import { linesOf, stateFolder } from '../support/index.ts'
import { controlPlaneComponents } from './static-pods.ts'
import { resetMark, runMark } from './unfinished.ts'

/** Copies of what lay in the folders that `kubeadm reset` empties, taken before kubeadm wrote anything. Root only: keys are among them. */
const kept = `${stateFolder}/kubeadm-before`

/** Copies from a run that somebody has reset by hand: kubeadm has deleted the originals. */
const keptAside = `${kept}.saved`

/** The copies while they and the marks are being removed: with a mark they still count, without one they are obsolete. */
const keptDone = `${kept}.done`

/** The most that is copied, KiB: the user has to move away anything larger that `kubeadm reset` would delete. */
const mostKept = 256 * 1024

const kubernetes = '/etc/kubernetes'
const kubelet = '/var/lib/kubelet'

/** The folders that `kubeadm reset` empties. */
export const emptiedByReset: readonly string[] = [kubernetes, kubelet]

// Entries that the kubelet creates by itself, or kubeadm for it.
const ofKubelet = [
  ...['pods', 'plugins', 'plugins_registry', 'device-plugins', 'pod-resources', 'checkpoints', '*_state'],
  ...['config.yaml', 'kubeadm-flags.env', 'instance-config.yaml'],
].map(name => `${kubelet}/${name}`)

// The names under which kubeadm and a joining kubelet write, and evcctl beside them. Where a run has begun, or an earlier node
// was, these entries are its remains.
const ofRun = [
  ...['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map(
    name => `${name}.conf`,
  ),
  ...['etcd', ...controlPlaneComponents].map(name => `manifests/${name}.yaml`),
  ...['ca.*', 'ca-rotation*', 'sa.*', 'apiserver*', 'front-proxy-*', 'etcd', 'evcctl-*'].map(name => `pki/${name}`),
]
  .map(name => `${kubernetes}/${name}`)
  .concat(`${kubelet}/pki`)

const places = [
  { name: 'conf', folder: kubernetes, entries: `${kubernetes}/*.conf` },
  ...[`${kubernetes}/pki`, `${kubernetes}/manifests`, kubelet].map(folder => ({
    name: folder.slice(folder.lastIndexOf('/') + 1),
    folder,
    entries: everyEntry(folder),
  })),
]

function eachPlace(line: (place: (typeof places)[number]) => string): string {
  return places.map(place => `  ${line(place)}\n`).join('')
}

/**
 * Shell functions that keep what lies in the folders that `kubeadm reset` empties. All of them can be repeated, and end the
 * script when something fails.
 * - `keep_files no` comes before a run of kubeadm.
 * - `keep_files yes` comes before a reset. It leaves out the files of kubeadm, and adds to the copies that are there, since
 *   something may have been written after the run was cut off.
 * - `keep_files again` comes before a reset is repeated: an entry that has a copy may be restored only in part.
 * - `put_all_back` comes after a reset.
 * - `set_aside` comes before a run where none is cut off: it renames copies whose originals are gone or differ, and keeps them.
 * - `settle` completes an exchange of copies, or their removal, that was cut off.
 */
export const beforeFunctions = `settle() {
  if [ -d ${kept}.full ]; then
    rm -rf ${kept}
    mv -T ${kept}.full ${kept}
    ${syncLine(stateFolder)}
  fi
  if [ -d ${keptDone} ]; then
    if [ ! -e ${kept} ] && { [ -e ${runMark} ] || [ -e ${resetMark} ]; }; then mv -T ${keptDone} ${kept}; else rm -rf ${keptDone}; fi
    ${syncLine(stateFolder)}
  fi
}
keep_entries() {
  place=${kept}.new/$1
  shift
  mkdir -p "$place"
  for entry in "$@"; do
    if [ ! -e "$entry" ] && [ ! -L "$entry" ]; then continue; fi
    case $entry in ${[...ofKubelet, `${runMark}*`].join('|')}) continue ;; esac
    case $former$entry in ${ofRun.map(path => `yes${path}`).join('|')}) continue ;; esac
    if [ ! -L "$entry" ] && mountpoint -q "$entry" 2>/dev/null; then continue; fi
    size=$(du -sk -- "$entry" 2>/dev/null) || :
    size=\${size%%[!0-9]*}
    total=$(( total + \${size:-0} ))
    if [ "$total" -gt ${mostKept} ]; then
      echo "$entry: kubeadm reset deletes what lies there, and it is too much to keep a copy (more than ${mostKept / 1024} MiB in all): move it away" >&2
      exit 1
    fi
    rm -rf -- "$place/\${entry##*/}"
    cp -fpPR -- "$entry" "$place/"
  done
}
keep_files() {
  former=yes total=0
  if [ "$1" = no ]; then former=no; fi
  settle
  rm -rf ${kept}.new
  if [ -d ${kept} ] && [ "$1" != again ]; then cp -pPR ${kept} ${kept}.new; else mkdir -m 0700 ${kept}.new; fi
${eachPlace(({ name, entries }) => `keep_entries ${name} ${entries}`)}  if [ -d ${kept} ] && [ "$1" = again ]; then
    for entry in ${places.map(({ name }) => everyEntry(`${kept}/${name}`)).join(' ')}; do
      over=${kept}.new/\${entry#${kept}/}
      if [ ! -d "$entry" ] || [ -L "$entry" ] || [ ! -d "$over" ] || [ -L "$over" ]; then rm -rf -- "$over"; fi
    done
    cp -fpPR ${kept}/. ${kept}.new/
  fi
  ${syncTreeLine(`${kept}.new`)}
  mv -T ${kept}.new ${kept}.full
  ${syncLine(stateFolder)}
  settle
}
put_back() {
  folder=$1
  shift
  mkdir -p "$folder"
  for entry in "$@"; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then cp -fpPR -- "$entry" "$folder/"; fi
  done
}
put_all_back() {
${eachPlace(place => `put_back ${place.folder} ${everyEntry(`${kept}/${place.name}`)}`)}}
lost() {
  if [ ! -d "$1" ]; then return 1; fi
  sums=$(cd "$1" && find . -type f -exec sha256sum {} +) || return 0
  if [ -n "$sums" ] && ! ( cd "$2" && printf '%s\\n' "$sums" | sha256sum -c ) >/dev/null 2>&1; then return 0; fi
  ( cd "$1" && find . ! -type f ! -type d ) | {
    while IFS= read -r entry; do
      if [ ! -e "$2/$entry" ] && [ ! -L "$2/$entry" ]; then exit 0; fi
    done
    exit 1
  }
}
set_aside() {
  settle
  if [ -d ${kept} ]; then
    some=
${eachPlace(place => `  if lost ${kept}/${place.name} ${place.folder}; then some=yes; fi`)}    if [ -n "$some" ]; then
      aside=${keptAside} number=1
      while [ -e "$aside" ]; do number=$(( number + 1 )) aside=${keptAside}.$number; done
      mv -T ${kept} "$aside"
    else rm -rf ${kept}; fi
    ${syncLine(stateFolder)}
  fi
}
`

/** Lines of sh that remove marks by running these lines, and then delete the copies. */
export function forgetCopies(clearMarks: string): string {
  return `if [ -d ${kept} ]; then
  rm -rf ${keptDone}
  mv -T ${kept} ${keptDone}
  ${syncLine(stateFolder)}
fi
${clearMarks}rm -rf ${keptDone} ${kept}.new ${kept}.full
`
}

/** Probe line: `aside=yes` where copies were set aside, or will be. It comes after readMarks. */
export const printAside = `if [ -d ${keptAside} ] || { [ -z "$cut_off" ] && [ -d ${kept} ]; }; then echo aside=yes; fi
`

/** Whether printAside printed that line. */
export function readAside(raw: ProbeResult): boolean {
  return linesOf(raw, 'aside').length > 0
}

const asideNote = `copies of what lay here before a run of kubeadm that somebody has reset are in ${keptAside} (or go there now)`

/** What the plan shows about the copies, as a part of a change. */
export function noteAside(aside: boolean): Pick<Change, 'note'> {
  return aside ? { note: asideNote } : {}
}
