import type { ProbeResult } from '../core/resource.ts'
import { clearMark, syncLine } from '../shell/on-disk.ts'
import { quote } from '../shell/quote.ts'
import { linesOf } from './probe-output.ts'

/**
 * Lies on a host from when kubeadm's preflight has passed until all that belongs to its run is done. `kubeadm reset` empties
 * this folder: a host that somebody has reset by hand, and perhaps made a node by hand since, has none of it any more.
 */
export const runMark = '/var/lib/kubelet/evcctl-unfinished'

/** Lies on a host from before a reset by evcctl until what lay there before has been put back. It says what runMark said. */
export const resetMark = '/var/lib/evcctl/kubeadm-reset.unfinished'

/** A condition of sh, for an `if`: a run of kubeadm, or its reset, was cut off here. What answers there will be reset. */
export const kubeadmUnfinished = `[ -e ${runMark} ] || [ -e ${resetMark} ]`

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
for mark in ${resetMark} ${runMark}; do
  if [ -e "$mark" ]; then
    cut_off=yes
    { read -r run && IFS= read -r data; } <"$mark" || :
    break
  fi
done
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
export const markReset = write(resetMark, '"$run" "$data"')

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
