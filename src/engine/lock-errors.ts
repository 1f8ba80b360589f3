import { exitCodes, HostError, UserError } from '../core/errors.ts'
import { majorityOf } from './lock-exchange.ts'
import type { LockPaths } from './lock-state.ts'

/** The lock cannot be had because too many of the hosts that keep it are `missing`: they are silent, or must not keep it. */
export function tooFew(voters: readonly string[], missing: ReadonlyMap<string, HostError>): UserError {
  const errors = [...missing.values()]
  const [only] = errors
  if (voters.length === 1 && only !== undefined) return only
  const unfit = errors.filter(({ kind }) => kind === 'unfit')
  const mend = unfit.flatMap(({ details }) => details.next ?? [])
  const bring =
    unfit.length === errors.length
      ? []
      : ['Bring one of them back, or take one that is gone for good out of cluster.yaml.']
  return new UserError(
    {
      where: voters.join(', '),
      problem:
        'Too few of the hosts that keep the run lock can be used. Another run might reach the others, and both would write; nothing was written.',
      expected: `${majorityOf(voters)} of ${voters.join(', ')}`,
      came: errors.map(inOneLine).join('\n'),
      next: [...mend, ...bring].join('\n'),
    },
    { exitCode: bring.length > 0 ? exitCodes.unreachable : exitCodes.failed },
  )
}

function inOneLine({ host, kind, details: { where, problem, came } }: HostError): string {
  return `${where ?? host}: ${problem}${kind === 'unfit' && came !== undefined ? `: ${came}` : ''}`
}

/** What a host says of the lock cannot be: nothing is to follow from it for others. */
export function tooFarAhead(host: string, paths: LockPaths, generation: number, reached: number): HostError {
  const { state } = paths
  return new HostError(host, 'unfit', {
    where: host,
    problem: 'It cannot keep the run lock, because it claims that the lock was taken more often than can be',
    expected: reached === generation ? 'far fewer' : `not far more than ${reached} times`,
    came: `${generation} times`,
    next: `Its files are damaged, or somebody wrote them. On ${host}, as root: rm -f ${state}/generation ${state}/fence`,
  })
}
