import type { ClusterSpec } from '../../config/index.ts'
import { exitCodes, UserError } from '../../core/index.ts'
import { etcdReport } from './etcd-report.ts'
import type { EtcdAnswers } from './member-answer.ts'

/**
 * Raises UserError if etcd lists a member that is on no host of the file and is not named as lost: it may run on, and so may
 * an API server beside it. `lost` may name hosts of the file, and such members. Hosts that are to leave are refused elsewhere: see
 * refuseSilent().
 */
export function refuseOthers(spec: ClusterSpec, answers: EtcdAnswers, lost: readonly string[]): void {
  const leaving = spec.leaving.map(({ name }) => name)
  const hosts = [...spec.hosts.map(({ name }) => name), ...leaving]
  const { members } = etcdReport(spec, answers)
  const others = members.flatMap(({ name, id, host }) => (host === undefined ? [name === '' ? id : name] : []))
  const unknown = lost.find(name => !hosts.includes(name) && !others.includes(name))
  if (unknown !== undefined) throw unknownHost(spec, '--lost', unknown)
  const running = others.filter(name => !lost.includes(name) && !leaving.includes(name))
  if (running.length === 0) return
  throw new UserError({
    where: running.join(', '),
    problem: `etcd lists this member, and no host of ${spec.file} has it. If it runs on, there would be two clusters after the restore.`,
    expected: 'members on hosts of the file, or lost ones',
    next: `Switch its machine off for good and say so: ${running.map(name => `--lost ${name}`).join(' ')}`,
  })
}

/** An option that names a host that the file does not have. */
export function unknownHost({ file, hosts }: ClusterSpec, where: string, name: string): UserError {
  return new UserError(
    {
      where,
      problem: `There is no host "${name}" in ${file}.`,
      next: `Its hosts: ${hosts.map(host => host.name).join(', ')}`,
    },
    { exitCode: exitCodes.badInput },
  )
}
