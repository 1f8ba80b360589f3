import { HostError } from '../core/errors.ts'
import { isKeptElsewhere } from './active-holder.ts'
import { isDeadHere } from './controller.ts'
import { isPlausible, majorityOf, reachedByMost } from './generation.ts'
import { keptForAnother } from './lock-errors.ts'
import { changeLock, readLock } from './lock-exchange.ts'
import { reachVoters, voterPatienceMs } from './lock-reach.ts'
import { heartbeatStep, takeStep } from './lock-scripts.ts'
import type { LockHolder, LockState } from './lock-state.ts'
import {
  type Attempt,
  giveBack,
  goOnWithout,
  implausible,
  isElsewhere,
  isHeld,
  leaveOut,
  type Taking,
} from './lock-voters.ts'
import { type Moment, now } from './moment.ts'

/** A lock that was taken. */
export interface Taken {
  /** The voters that keep it, in their order, each with the time at which the step that took it was sent. */
  readonly taken: ReadonlyMap<string, Moment>
  /** Other voters that may also keep it: they did not answer. */
  readonly unsure: ReadonlySet<string>
  readonly generation: number
  /** How often the lock was taken before on each of them, as they say. */
  readonly found: ReadonlyMap<string, number | undefined>
  /** The run that was pushed aside. */
  readonly replaced: LockHolder | undefined
  /** A minority of the voters keeps the lock of another run. */
  readonly contested: boolean
}

/** The host that keeps the lock of another run: the first one with another list of voters, else the first one. */
export interface Held {
  readonly heldBy: string
  readonly state: LockState
}

/**
 * Tries once to take the lock. With `past`, a majority is enough, even if others keep the lock of another run. Without it, one
 * such voter ends the attempt. If the attempt fails, it frees what it has taken. Throws UserError when too few hosts can be
 * used, and another error when the run is stopped.
 */
export async function attemptLock(taking: Taking, past: boolean): Promise<Taken | Held> {
  const fresh = {
    taken: new Map(),
    states: new Map(),
    without: new Map(),
    others: new Map(),
    unsure: new Set<string>(),
  }
  const attempt: Attempt = { ...taking, ...fresh, past }
  try {
    const generation = await takeMost(attempt)
    if (generation !== undefined) return takenIn(attempt, generation)
    // The one that is never passed over, if there is one.
    const others = [...attempt.others]
    const [heldBy, state] = others.find(([, other]) => isElsewhere(other, attempt.holder)) ?? others[0]!
    await giveBack(attempt)
    return { heldBy, state }
  } catch (error) {
    await giveBack(attempt)
    throw error
  }
}

// Returns the generation, or undefined if another run has the lock.
async function takeMost(attempt: Attempt): Promise<number | undefined> {
  const missing = await reachVoters(attempt.voters, attempt.run)
  attempt.run.stop.throwIfAborted()
  goOnWithout(attempt, missing)
  await takeInOrder(attempt)
  if (!isHeld(attempt)) await hearWitnesses(attempt)
  if (!isHeld(attempt)) await leaveOut(attempt, implausible(attempt))
  if (isHeld(attempt)) return undefined
  const generation = await raiseAll(attempt)
  attempt.run.stop.throwIfAborted()
  return isHeld(attempt) ? undefined : generation
}

function takenIn({ run, paths, taken, unsure, states, without, others }: Attempt, generation: number): Taken {
  for (const [host, { kind, details }] of without)
    if (kind === 'unfit')
      run.emit({ type: 'note', host, text: [details.problem, details.actual, details.next].join('; ') })
  for (const [host, state] of others) run.emit({ type: 'note', host, text: keptForAnother(host, paths, state) })
  const { replaced } = [...states.values()].find(state => state.replaced !== undefined) ?? {}
  const found = new Map([...states].map(([voter, state]) => [voter, state.found]))
  return { taken, unsure, generation, found, replaced, contested: others.size > 0 }
}

// All runs take the voters one after the other in the same order, so that one of several runs that begin at once succeeds.
async function takeInOrder(attempt: Attempt): Promise<void> {
  const { voters, run, holder, taken, states, without, others } = attempt
  for (const voter of voters) {
    if (without.has(voter)) continue
    run.stop.throwIfAborted()
    const sent = now()
    try {
      const state = await takeOn(voter, attempt)
      if (state.holder?.run === holder.run) {
        taken.set(voter, sent)
        states.set(voter, state)
      } else others.set(voter, state)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      await leaveOut(attempt, new Map([[voter, error]]))
    }
    if (isHeld(attempt)) return
  }
}

// They are asked after the lock was taken: whoever takes it on them later finds it taken here.
async function hearWitnesses({ witnesses, voters, run, paths, others }: Attempt): Promise<void> {
  const hear = async (witness: string): Promise<void> => {
    try {
      const state = await readLock(witness, run, paths, voterPatienceMs(run))
      if (isKeptElsewhere(state, voters)) others.set(witness, state)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
    }
  }
  await Promise.all(witnesses.map(hear))
}

async function takeOn(voter: string, attempt: Attempt): Promise<LockState> {
  const { voters, run, holder, paths, atLeast, without, others } = attempt
  // A voter that is not needed has less time, so that several voters that hang do not take minutes.
  const isNeeded = voters.length - without.size - others.size <= majorityOf(voters)
  const timeoutMs = isNeeded ? undefined : voterPatienceMs(run)
  const state = await changeLock(voter, run, takeStep(paths, holder, atLeast), paths, timeoutMs)
  const other = state.holder
  // Nobody has to wait for a process of this machine that is gone. The script still checks whose lock it is.
  if (other === undefined || other.run === holder.run || !isDeadHere(other)) return state
  return changeLock(voter, run, takeStep(paths, holder, atLeast, state.held), paths, timeoutMs)
}

// A host that was off while others kept the lock knows a lower generation. A host that cannot learn the new one does not count.
async function raiseAll(attempt: Attempt): Promise<number> {
  const { voters, run, holder, paths, states, others } = attempt
  const known = [...states.values()].map(state => state.generation)
  // A run that is passed over may not know that it has lost. Hosts refuse it only if this generation is higher than its own.
  const reached = reachedByMost(voters, known)
  const past = [...others.values()].map(state => state.generation).filter(one => isPlausible(one, reached))
  const generation = Math.max(...known, ...past.map(one => one + 1))
  const behind = [...states].filter(([, state]) => state.generation !== generation)
  const timeoutMs = states.size - behind.length < majorityOf(voters) ? undefined : voterPatienceMs(run)
  const failed = new Map<string, HostError>()
  const raise = async ([voter]: readonly [string, LockState]) => {
    try {
      await changeLock(voter, run, heartbeatStep(paths, holder, generation), paths, timeoutMs)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      failed.set(voter, error)
    }
  }
  await Promise.all(behind.map(raise))
  await leaveOut(attempt, failed)
  return generation
}
