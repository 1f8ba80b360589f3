import { syncTreeLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { beforeFunctions, emptiedByReset, forgetCopies } from './before.ts'
import { clearMarks, initWrote, type KubeadmRun, markReset, markRun, memberToGo, readMarks } from './marks.ts'
import { otherMember } from './stacked-etcd-data.ts'
import { resetMark } from './unfinished.ts'

export interface ResetOptions {
  /** The run of kubeadm that comes next. */
  readonly run: KubeadmRun
  /** CRI socket of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** Data directory of the stacked etcd of the next run; undefined where kubeadm runs no etcd on the host. */
  readonly etcdData?: string | undefined
  /** Lines that run before the reset of a run of the same kind; if they fail, everything stays as it is. */
  readonly leave?: string
}

/**
 * Shell functions around a run of kubeadm that can be cut off anywhere. `begin` comes after kubeadm's own preflight: it
 * copies what lies in the folders that `kubeadm reset` empties, and then writes the mark; both are synced in that order.
 * `reset_host` undoes the run that the mark names, which may be of another kind or have another data directory: it resets,
 * puts the copies back and removes the marks. A reset that is cut off is repeated. Without a mark, the host was an earlier
 * node: everything except the files of that node is kept. kubeadm's own reset phase for etcd is skipped, since it would
 * empty the whole data directory: etcd writes only in `member`, and a host that has `member` without a mark is refused. The
 * functions end the script when something fails, so they are not called in a condition.
 */
export function resetFunctions({ run, criSocket, etcdData, leave = '' }: ResetOptions): string {
  return `${beforeFunctions}${memberToGo}need_no_member() {
${needNoMember(etcdData)}}
begin() {
  rm -f ${resetMark}
  need_no_member
  set_aside
  keep_files no
${indented(markRun(run, etcdData))}}
reset_host() {
${indented(readMarks)}  if [ "$mark" != ${resetMark} ]; then rm -f ${resetMark}; fi
  settle
  if [ "$mark" = ${resetMark} ]; then
    keep_files again
  else
    if [ -z "$cut_off" ]; then
      need_no_member
      set_aside
    fi
${leave === '' ? '' : `    if [ "$run" = ${run} ] || [ -z "$cut_off" ]; then\n${indented(leave, 3)}    fi\n`}    keep_files yes
${indented(markReset, 2)}  fi
  member_to_go || :
  systemctl stop kubelet 2>/dev/null || :
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket ${quote(criSocket)} >/dev/null
  if member_to_go; then rm -rf -- "$data/member"; fi
  put_all_back
  ${syncTreeLine(emptiedByReset.join(' '))}
${indented(forgetCopies(clearMarks))}}
`
}

/**
 * Lines of sh that remove the mark of a run of kubeadm, of whatever kind, once everything that it wrote is on the disk:
 * kubeadm does not wait for that. The copies are deleted last: with the mark but without copies, the next run would not know
 * what to put back. They are renamed before, so that a later run recognises copies that are obsolete.
 */
export const finished = `${syncTreeLine('/etc/kubernetes /var/lib/kubelet/pki /var/lib/kubelet/config.yaml')}
rm -f ${initWrote}
${forgetCopies(clearMarks)}`

function needNoMember(etcdData: string | undefined): string {
  if (etcdData === undefined) return '  :\n'
  const member = quote(`${etcdData}/member`)
  const { actual, problem, next } = otherMember(etcdData)
  return `  if [ -e ${member} ] || [ -L ${member} ]; then printf '%s\\n' ${quote(`${actual} is there. ${problem} ${next}`)} >&2; exit 1; fi\n`
}

function indented(lines: string, times = 1): string {
  return lines.replace(/^(?=.)/gm, '  '.repeat(times))
}
