import { activeHolder, isKeptElsewhere } from './active-holder.ts'
import { isPlausible, majorityOf, reachedByMost } from './generation.ts'
import type { Taken } from './lock-attempt.ts'
import type { LockHolder, LockState } from './lock-state.ts'

/** What a run knew of the lock when it read the hosts. */
export interface SeenLock {
  /** The highest plausible generation of all hosts. */
  readonly generation: number
  /** How often the lock was taken on each host that keeps it, as it says; hosts that were not read are left out. */
  readonly counted: ReadonlyMap<string, number>
  /** Another run was at work, or still wrote on some host although nobody held the lock: what was read may be old. */
  readonly busy: boolean
}

/**
 * Combines what all hosts say of the lock. The voters decide who holds it, and which generations are plausible. Witnesses may have a
 * holder that takes its lock from other hosts.
 */
export function seenLock(
  locks: ReadonlyMap<string, LockState>,
  voters: readonly string[],
  witnesses: readonly string[] = [],
): SeenLock & { readonly holder: LockHolder | undefined } {
  const kept = voters.flatMap(voter => locks.get(voter) ?? [])
  const counted = new Map(
    voters.flatMap(voter => (locks.has(voter) ? [[voter, locks.get(voter)!.counted] as const] : [])),
  )
  const elsewhere = witnesses.flatMap(witness => locks.get(witness) ?? []).filter(lock => isKeptElsewhere(lock, voters))
  const holder = [...kept, ...elsewhere].map(activeHolder).find(one => one !== undefined)
  const reached = reachedByMost(
    voters,
    kept.map(lock => lock.generation),
  )
  // A host that claims a far higher generation than the voters does not raise it for all; only that host is refused.
  const plausible = [...locks.values()].map(lock => lock.generation).filter(one => isPlausible(one, reached))
  const busy = holder !== undefined || [...locks.values()].some(lock => lock.busy)
  return { generation: Math.max(0, ...plausible), counted, busy, holder }
}

/**
 * Whether another run may have written since hosts were read: then that run has taken the lock on a majority of the voters.
 * So no run has written if a majority of the voters was read and their counts have not changed. The generation alone does not
 * show this: one host may be ahead of the others, which hides that the generations of the others rose.
 */
export function isOutdated(
  seen: SeenLock,
  { generation, found }: Pick<Taken, 'generation' | 'found'>,
  voters: readonly string[],
): boolean {
  if (seen.busy || generation !== seen.generation + 1) return true
  const read = [...found].filter(([voter]) => seen.counted.has(voter))
  return read.length < majorityOf(voters) || read.some(([voter, before]) => before !== seen.counted.get(voter))
}
