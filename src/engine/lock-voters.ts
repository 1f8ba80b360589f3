import type { HostError } from '../core/errors.ts'
import { isPlausible, majorityOf, reachedByMost } from './generation.ts'
import { tooFarAhead, tooFew } from './lock-errors.ts'
import { type Holding, releaseLock, releaseUnsure } from './lock-exchange.ts'
import type { LockState } from './lock-state.ts'
import type { Moment } from './moment.ts'

/** Who wants the lock of which hosts. */
export interface Taking extends Holding {
  readonly voters: readonly string[]
  /** The least generation to take it with. */
  readonly atLeast: number
}

/** How far one attempt to take the lock got. */
export interface Attempt extends Taking {
  readonly taken: Map<string, Moment>
  /** What those say of the lock that keep it for this run. */
  readonly states: Map<string, LockState>
  /** The voters that are not to keep it, and why: they do not answer, cannot write, or say what cannot be. */
  readonly without: Map<string, HostError>
  /** What those say of it that keep it for another run. */
  readonly others: Map<string, LockState>
  /** Those of them that may keep it all the same: the step that takes it was sent, and they did not answer. */
  readonly unsure: Set<string>
  /** Hosts that another run holds are gone past, as those that are silent. */
  readonly past: boolean
}

/**
 * The first time one other holder is enough, so that runs which begin at once do not take hosts from each other. One that has
 * the lock of other hosts, e.g. by a cluster file from before a control plane node was added, may have a majority of these: it
 * is never gone past.
 */
export function isHeld({ voters, holder, without, others, past }: Attempt): boolean {
  const isElsewhere = [...others.values()].some(
    ({ holder: other }) => other?.voters !== undefined && other.voters !== holder.voters,
  )
  return others.size > (past && !isElsewhere ? voters.length - without.size - majorityOf(voters) : 0)
}

/** A majority has one host in common with that of the run before, so what it knows suffices whatever the others claim. */
export function implausible({ voters, paths, states }: Attempt): Map<string, HostError> {
  const generations = [...states.values()].map(({ generation }) => generation)
  const reached = reachedByMost(voters, generations)
  const ahead = [...states].filter(([, { generation }]) => !isPlausible(generation, reached))
  return new Map(ahead.map(([voter, { generation }]) => [voter, tooFarAhead(voter, paths, generation, reached)]))
}

/**
 * Goes on without voters to which the step was sent. One that answered may have come half the way: whether it can be freed is
 * no news beside why it is left out. Throws UserError when too few are left.
 */
export async function leaveOut(attempt: Attempt, errors: ReadonlyMap<string, HostError>): Promise<void> {
  const run = { ...attempt.run, emit: () => undefined }
  const answered = [...errors].filter(([, { kind }]) => kind === 'unfit').map(([voter]) => voter)
  await releaseLock(answered, { ...attempt, run })
  for (const [voter, { kind }] of errors) if (kind !== 'unfit') attempt.unsure.add(voter)
  goOnWithout(attempt, errors)
}

/** The same for voters that were never asked. */
export function goOnWithout({ voters, taken, states, without }: Attempt, errors: ReadonlyMap<string, HostError>): void {
  for (const [voter, error] of errors) {
    taken.delete(voter)
    states.delete(voter)
    without.set(voter, error)
  }
  if (voters.length - without.size < majorityOf(voters)) throw tooFew(voters, without)
}

/** Frees what an attempt has taken, or may have. */
export async function giveBack(attempt: Attempt): Promise<void> {
  const { taken, unsure } = attempt
  await Promise.all([releaseLock([...taken.keys()], attempt), releaseUnsure([...unsure], attempt)])
}
