import type { ProbeResult } from '../../core/resource.ts'
import { clearMark, syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { linesOf } from '../support/index.ts'
import { filesOfNode, resetMark, resetUnfinished, runMark } from './unfinished.ts'

/** File with client URLs of an external etcd, one a line, to which an interrupted and undone init may have written. */
export const initWrote = '/var/lib/evcctl/kubeadm-init.etcd'

// With the time of birth, since the inode of a deleted folder may be used again for the next one.
const memberOf = `member $(TZ=UTC0 stat -c '%i %w' -- "$data/member" 2>/dev/null)`

/** What a run of kubeadm turns a host into. */
export type KubeadmRun = 'init' | 'control-plane' | 'worker'

/** What the marks of a host record about the run that was cut off. */
export interface CutOffRun {
  /** Undefined where an earlier node was being removed, or the mark cannot be parsed. */
  readonly run: KubeadmRun | undefined
  /** Data directory of the stacked etcd of that run; undefined where it had none. */
  readonly etcdData: string | undefined
}

/** Lines of sh that set `$mark` to the valid mark (or nothing), and from it `$cut_off` (yes or empty), `$run` and `$data`. */
export const readMarks = `cut_off= run= data= mark=
if ${resetUnfinished}; then mark=${resetMark}
elif [ -e ${runMark} ]; then mark=${runMark}
fi
if [ -n "$mark" ]; then
  cut_off=yes
  { read -r run && IFS= read -r data; } <"$mark" || :
fi
`

/** Probe lines: `cutOff=<run> <data directory>` where a run was cut off. */
export const printMarks = `${readMarks}if [ -n "$cut_off" ]; then printf 'cutOff=%s %s\\n' "$run" "$data"; fi
`

/** Parses the output of printMarks; undefined where nothing was cut off. */
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
export const markReset = write(resetMark, `"$run" "$data" "$(${filesOfNode})" "${memberOf}"`)

/**
 * Shell function `member_to_go`: succeeds if there is etcd data to delete. It ends the script if the data differs from the
 * data that the mark of the reset names.
 */
export const memberToGo = `member_to_go() {
  case $data in /?*) ;; *) return 1 ;; esac
  if [ ! -e "$data/member" ] && [ ! -L "$data/member" ]; then return 1; fi
  if grep -qxF "${memberOf}" ${resetMark}; then return 0; fi
  echo "$data/member is there since a reset of this host was cut off, so nothing is reset: move it away, or remove ${resetMark} if the host is a node again" >&2
  exit 1
}
`

/** Lines of sh that remove both marks, once what they guard is on the disk. */
export const clearMarks = `${clearMark(runMark)}${clearMark(resetMark)}`

// The mark is written under another name and renamed: otherwise a power cut could leave an empty mark.
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
