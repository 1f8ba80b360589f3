import { confOf, kubeadmUnfinished, resetMark, runMark } from '../core/kubeadm-unfinished.ts'
import type { ProbeResult } from '../core/resource.ts'
import { clearMark, syncLine } from '../shell/on-disk.ts'
import { quote } from '../shell/quote.ts'
import { linesOf } from './probe-output.ts'

const memberOf = 'member $(stat -c %i -- "$data/member" 2>/dev/null)'

/** What a run of kubeadm makes of a host. */
export type KubeadmRun = 'init' | 'control-plane' | 'worker'

/** What the marks of a host say of the run that was cut off. */
export interface CutOffRun {
  /** Undefined where an earlier node was being removed, or the mark cannot be read. */
  readonly run: KubeadmRun | undefined
  /** Data directory of the stacked etcd of that run; undefined where it had none. */
  readonly etcdData: string | undefined
}

/** Lines of sh that set `$cut_off` (yes or empty), `$run` and `$data` to what the marks say. */
export const readMarks = `cut_off= run= data=
if ${kubeadmUnfinished}; then
  cut_off=yes mark=${resetMark}
  if [ ! -e "$mark" ]; then mark=${runMark}; fi
  { read -r run && IFS= read -r data; } <"$mark" || :
fi
`

/** Probe lines: `cutOff=<run> <data directory>` where a run was cut off. */
export const printMarks = `${readMarks}if [ -n "$cut_off" ]; then printf 'cutOff=%s %s\\n' "$run" "$data"; fi
`

/** What printMarks printed; undefined where nothing was cut off. */
export function cutOffRun(raw: ProbeResult): CutOffRun | undefined {
  const [line] = linesOf(raw, 'cutOff')
  if (line === undefined) return undefined
  const [, run, etcdData] = /^(init|control-plane|worker) (\/.*)?$/.exec(line) ?? []
  return { run: run as KubeadmRun | undefined, etcdData }
}

/** Lines of sh that mark the host before kubeadm writes anything on it. */
export function markRun(run: KubeadmRun, etcdData: string | undefined): string {
  return `mkdir -p ${folderOf(runMark)}\n${write(runMark, `${run} ${quote(etcdData ?? '')}`)}`
}

/** Lines of sh that mark the host before a reset of what readMarks found. */
export const markReset = write(resetMark, `"$run" "$data" "${confOf}" "${memberOf}"`)

/** Lines of sh that remove the data of etcd which the mark of a reset names; they fail where other data are there by now. */
export const removeMarkedData = `case $data in
  /?*)
    if [ -e "$data/member" ] || [ -L "$data/member" ]; then
      if ! grep -qxF "${memberOf}" ${resetMark}; then
        echo "$data/member is there since a reset of this host was cut off, so it is not removed: move it away, or remove ${resetMark} if the host is a node again" >&2
        exit 1
      fi
      rm -rf -- "$data/member"
    fi ;;
esac
`

/** Lines of sh that take both marks away, once what they guard is on the disk. */
export const clearMarks = `${clearMark(runMark)}${clearMark(resetMark)}`

// By way of another name: a power cut would leave a mark without its words.
function write(path: string, words: string): string {
  return `printf '%s\\n' ${words} >${path}.new
${syncLine(`${path}.new`)}
mv -fT ${path}.new ${path}
${syncLine(folderOf(path))}
`
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
