import { exitCodes, HostError, UserError } from '../core/errors.ts'
import { majorityOf } from './generation.ts'
import { describeHolder, type LockPaths, type LockState, staleAfterMs } from './lock-state.ts'

const again = 'what is done is not done again.'

/** The lock cannot be had because too many of the hosts that keep it are `missing`: they are silent, or must not keep it. */
export function tooFew(voters: readonly string[], missing: ReadonlyMap<string, HostError>): UserError {
  const errors = [...missing.values()]
  const [only] = errors
  if (voters.length === 1 && only !== undefined) return only
  const unfit = errors.filter(({ kind }) => kind === 'unfit')
  const cures = unfit.flatMap(({ details }) => details.next ?? [])
  const bring =
    unfit.length === errors.length
      ? []
      : ['Bring one of them back, or remove one that is gone for good from cluster.yaml.']
  return new UserError(
    {
      where: voters.join(', '),
      problem:
        'Too few of the hosts that keep the run lock can be used. Another run might reach the others, and both would write; nothing was written.',
      expected: `${majorityOf(voters)} of ${voters.join(', ')}`,
      actual: errors.map(inOneLine).join('\n'),
      next: [...cures, ...bring].join('\n'),
    },
    { exitCode: bring.length > 0 ? exitCodes.unreachable : exitCodes.failed },
  )
}

function inOneLine({ host, kind, details: { where, problem, actual } }: HostError): string {
  return `${where ?? host}: ${problem}${kind === 'unfit' && actual !== undefined ? `: ${actual}` : ''}`
}

const waitForIt = 'Wait until that run has ended, then start this one again.'

/** Another run with the same list of hosts still has the lock after `waitMs`. */
export function heldByOther(host: string, holder: string, waitMs: number): UserError {
  return new UserError({ ...held(host, waitMs), actual: `a lock of ${holder}`, next: waitForIt })
}

/** What the hosts that this run can ask say of a run with another list of hosts. */
export interface Claims {
  /** The hosts that keep the lock of such a run, in the order in which they are asked. */
  readonly by: readonly string[]
  /** The hosts that keep none. */
  readonly notBy: readonly string[]
  /** The hosts that did not answer. */
  readonly silent: readonly string[]
}

/** What is known of the lock of a run with another list of hosts. */
interface Elsewhere {
  readonly waitMs: number
  readonly paths: LockPaths
  readonly voters: readonly string[]
  readonly claims: Claims
}

/**
 * A host still keeps the lock of a run with another list of hosts after `waitMs`. That run may be real, and then both would write; or the
 * host is wrong. So the message says who claims it, and how to go on without a host that is not to be trusted.
 */
export function heldElsewhere(host: string, holder: string, { waitMs, paths, voters, claims }: Elsewhere): UserError {
  const { by, notBy, silent } = claims
  const whose = 'whose cluster.yaml has other control plane nodes than this one'
  const says = by.length === 1 ? `${host} alone` : by.join(', ')
  const not = notBy.length === 0 ? '' : `, not ${notBy.join(', ')}`
  const noAnswer = silent.length === 0 ? '' : `; no answer from ${silent.join(', ')}`
  return new UserError({
    ...held(host, waitMs),
    actual: `a lock of ${holder}, ${whose}; so says ${says}${not}${noAnswer}`,
    next: [
      waitForIt,
      `If you know of no such run, look for one wherever evcctl runs, also with an older cluster.yaml: ${host} may also be wrong. If there is none, remove its lock: ssh ${host} sudo rm -rf ${paths.run}/lock`,
      `If the lock comes back although there is none, do not trust ${host} any more. ${goingOnWithout(host, voters)}`,
    ].join('\n'),
  })
}

function goingOnWithout(host: string, voters: readonly string[]): string {
  const off = 'turn it off: a host that does not answer is left out'
  if (!voters.includes(host)) return `Go on without it: take it out of cluster.yaml, or ${off}.`
  if (voters.length - 1 < majorityOf(voters)) return 'There is no way without it: find out there who writes this lock.'
  return `Go on without it. Where it is a worker, put another worker before it in cluster.yaml. Where it is a control plane node, ${off}; then let it leave with state: absent.`
}

function held(where: string, waitMs: number) {
  return {
    where,
    problem: 'Another run works on this cluster',
    expected: waitMs === 0 ? 'a free lock' : `a free lock within ${Math.round(waitMs / 1000)} s`,
  }
}

/** A host answers, but it cannot write what it has to remember about the lock. */
export function cannotKeep(host: string, { run, state }: LockPaths, actual: string): HostError {
  return new HostError(host, 'unfit', {
    where: host,
    problem: `The run lock ${run}/lock cannot be used`,
    actual,
    next: `Check whether one of its disks is full or read-only. On ${host}: df -h ${run} ${state}; mount`,
  })
}

/** A host claims a generation that cannot be right. So that host does not count, and the others go on without it. */
export function tooFarAhead(host: string, paths: LockPaths, generation: number, reached: number): HostError {
  const { state } = paths
  return new HostError(host, 'unfit', {
    where: host,
    problem: 'It cannot keep the run lock, because it claims that the lock was taken more often than is possible',
    expected: reached === generation ? 'far fewer' : `not far more than ${reached} times`,
    actual: `${generation} times`,
    next: `Its files are damaged, or somebody wrote them. On ${host}, as root: rm -f ${state}/generation ${state}/fence`,
  })
}

/** The lock is lost, because too many of the hosts that keep it were silent for too long. */
export function notRenewed(voters: readonly string[], majority: number): UserError {
  const of = voters.length === 1 ? '' : ` on ${majority} of ${voters.join(', ')}`
  return new UserError({
    where: voters.join(', '),
    problem: `The run lock could not be renewed${of} for ${staleAfterMs / 1000} s; this run writes nothing more`,
    next: `Start it again when these hosts can be reached; ${again}`,
  })
}

/** The lock is lost: so many hosts have given it to another run, `voter` last, that no majority keeps it for this one. */
export function takenOver(voter: string, other: LockState): UserError {
  return new UserError({
    where: voter,
    problem: 'The run lock was taken over by another run; this one writes nothing more',
    ...(other.holder === undefined
      ? { actual: 'that run has ended by now', next: `Start this one again; ${again}` }
      : { actual: lockOf(other), next: `Wait until that run has ended, then start this one again; ${again}` }),
  })
}

/** A note about a host that keeps the lock of another run, although a majority keeps the lock of this one. */
export function keptForAnother(host: string, { run }: LockPaths, other: LockState): string {
  return `It keeps ${lockOf(other)}. Most of the hosts that keep the run lock keep the lock of this run, so this run goes on. If the other run no longer exists, remove its lock: on ${host}, as root: rm -rf ${run}/lock`
}

function lockOf({ holder }: LockState): string {
  return holder === undefined ? 'no lock' : `a lock of ${describeHolder(holder)}`
}
