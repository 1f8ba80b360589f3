import type { HostError } from '../core/errors.ts'
import { isPlausible, majorityOf, reachedByMost } from './generation.ts'
import { tooFarAhead, tooFew } from './lock-errors.ts'
import { type Holding, releaseLock, releaseUnsure } from './lock-exchange.ts'
import type { LockHolder, LockState } from './lock-state.ts'
import type { Moment } from './moment.ts'

/** The run that wants the lock, and the hosts that keep it. */
export interface Taking extends Holding {
  readonly voters: readonly string[]
  /** Hosts that keep no lock of this run, but may keep that of a run with other voters. */
  readonly witnesses: readonly string[]
  /** The lowest generation that the lock may get. */
  readonly atLeast: number
}

/** How far one attempt to take the lock got. */
export interface Attempt extends Taking {
  readonly taken: Map<string, Moment>
  /** The state of the lock on the voters that keep it for this run. */
  readonly states: Map<string, LockState>
  /** The voters that do not count, and why: they do not answer, cannot write, or claim an impossible generation. */
  readonly without: Map<string, HostError>
  /** The state of the lock on the voters that keep it for another run, and on the witnesses that keep it for one with other voters. */
  readonly others: Map<string, LockState>
  /** The voters of `without` that may keep the lock nevertheless: the step that takes it was sent, and they did not answer. */
  readonly unsure: Set<string>
  /** Whether voters that keep the lock of another run are passed over, like silent ones. */
  readonly past: boolean
}

/**
 * Whether another run has the lock. Without `past`, one voter that keeps its lock is enough, so that runs that begin at once do
 * not take hosts from each other; with `past`, so many that no majority is left for this run. A run with another list of
 * voters, e.g. from a cluster file that is older than a control plane node, may have a majority of its own list, so it is never
 * passed over.
 */
export function isHeld({ voters, holder, without, others, past }: Attempt): boolean {
  const elsewhere = [...others.values()].some(state => isElsewhere(state, holder))
  return others.size > (past && !elsewhere ? voters.length - without.size - majorityOf(voters) : 0)
}

/** Whether the lock is kept for a run with another list of voters than that of `holder`. */
export function isElsewhere({ holder: other }: LockState, holder: LockHolder): boolean {
  return other?.voters !== undefined && other.voters !== holder.voters
}

/**
 * The voters whose generation cannot be right. Any majority shares a host with the majority of the run before, so a majority
 * knows enough, whatever the others claim.
 */
export function implausible({ voters, paths, states }: Attempt): Map<string, HostError> {
  const generations = [...states.values()].map(({ generation }) => generation)
  const reached = reachedByMost(voters, generations)
  const ahead = [...states].filter(([, { generation }]) => !isPlausible(generation, reached))
  return new Map(ahead.map(([voter, { generation }]) => [voter, tooFarAhead(voter, paths, generation, reached)]))
}

/**
 * Goes on without voters to which the step was sent. A voter that answered may have done a part of it, so its lock is freed. No
 * note says so, because the reason for leaving it out is what matters. Throws UserError when too few are left.
 */
export async function leaveOut(attempt: Attempt, errors: ReadonlyMap<string, HostError>): Promise<void> {
  const run = { ...attempt.run, emit: () => undefined }
  const answered = [...errors].filter(([, { kind }]) => kind === 'unfit').map(([voter]) => voter)
  await releaseLock(answered, { ...attempt, run })
  for (const [voter, { kind }] of errors) if (kind !== 'unfit') attempt.unsure.add(voter)
  goOnWithout(attempt, errors)
}

/** Goes on without voters that were never asked. Throws UserError when too few are left. */
export function goOnWithout({ voters, taken, states, without }: Attempt, errors: ReadonlyMap<string, HostError>): void {
  for (const [voter, error] of errors) {
    taken.delete(voter)
    states.delete(voter)
    without.set(voter, error)
  }
  if (voters.length - without.size < majorityOf(voters)) throw tooFew(voters, without)
}

/** Frees what an attempt has taken or may have taken. */
export async function giveBack(attempt: Attempt): Promise<void> {
  const { taken, unsure } = attempt
  await Promise.all([releaseLock([...taken.keys()], attempt), releaseUnsure([...unsure], attempt)])
}
