import { HostError } from '../core/errors.ts'
import { isDeadHere } from './controller.ts'
import { isPlausible, majorityOf, reachedByMost } from './generation.ts'
import { keptForAnother } from './lock-errors.ts'
import { changeLock } from './lock-exchange.ts'
import { reachVoters, voterPatienceMs } from './lock-reach.ts'
import { heartbeatStep, takeStep } from './lock-scripts.ts'
import type { LockHolder, LockState } from './lock-state.ts'
import { type Attempt, giveBack, goOnWithout, implausible, isHeld, leaveOut, type Taking } from './lock-voters.ts'
import { type Moment, now } from './moment.ts'

/** A lock that was had. */
export interface Taken {
  /** The voters that keep it, in their order, and when the step was sent that took it. */
  readonly taken: ReadonlyMap<string, Moment>
  /** Others that may keep it, too: they did not answer. */
  readonly unsure: ReadonlySet<string>
  readonly generation: number
  /** How often it had been taken before on each of them, as they say. */
  readonly found: ReadonlyMap<string, number | undefined>
  /** The run that was pushed aside. */
  readonly replaced: LockHolder | undefined
  /** Voters keep the lock of another run, too few of them. */
  readonly contested: boolean
}

/** The first host that another run holds. */
export interface Held {
  readonly heldBy: string
  readonly state: LockState
}

/**
 * One attempt to take the lock. With `past` a majority is enough although others keep it for another run; without, one of them
 * ends the attempt. However it ends without the lock, nothing of it stays on the hosts. Throws UserError when too few hosts
 * can be used, and something else when the run is stopped.
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
    if (generation !== undefined) return had(attempt, generation)
    const [heldBy, state] = [...attempt.others][0]!
    await giveBack(attempt)
    return { heldBy, state }
  } catch (error) {
    await giveBack(attempt)
    throw error
  }
}

// Returns the generation, or nothing where another run has it.
async function takeMost(attempt: Attempt): Promise<number | undefined> {
  const missing = await reachVoters(attempt.voters, attempt.run)
  attempt.run.stop.throwIfAborted()
  goOnWithout(attempt, missing)
  await takeInOrder(attempt)
  if (!isHeld(attempt)) await leaveOut(attempt, implausible(attempt))
  if (isHeld(attempt)) return undefined
  const generation = await raiseAll(attempt)
  attempt.run.stop.throwIfAborted()
  return isHeld(attempt) ? undefined : generation
}

function had({ run, paths, taken, unsure, states, without, others }: Attempt, generation: number): Taken {
  for (const [host, { kind, details }] of without)
    if (kind === 'unfit')
      run.emit({ type: 'note', host, text: [details.problem, details.actual, details.next].join('; ') })
  for (const [host, state] of others) run.emit({ type: 'note', host, text: keptForAnother(host, paths, state) })
  const { replaced } = [...states.values()].find(state => state.replaced !== undefined) ?? {}
  const found = new Map([...states].map(([voter, state]) => [voter, state.found]))
  return { taken, unsure, generation, found, replaced, contested: others.size > 0 }
}

// One after the other and all runs in the same order, so that of several that begin at once one gets to the end.
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

async function takeOn(voter: string, attempt: Attempt): Promise<LockState> {
  const { voters, run, holder, paths, atLeast, without, others } = attempt
  // One that is not needed has less time, so that several which hang do not add up to minutes.
  const isNeeded = voters.length - without.size - others.size <= majorityOf(voters)
  const timeoutMs = isNeeded ? undefined : voterPatienceMs(run)
  const state = await changeLock(voter, run, takeStep(paths, holder, atLeast), paths, timeoutMs)
  const other = state.holder
  // A process of this machine that is gone needs no waiting; the script still makes sure that it is this one's lock.
  if (other === undefined || other.run === holder.run || !isDeadHere(other)) return state
  return changeLock(voter, run, takeStep(paths, holder, atLeast, state.held), paths, timeoutMs)
}

// A host that was off while others kept the lock knows less than they do. One that cannot learn it does not count.
async function raiseAll(attempt: Attempt): Promise<number> {
  const { voters, run, holder, paths, states, others } = attempt
  const known = [...states.values()].map(state => state.generation)
  // A run that is gone past may not know that it has lost: hosts have to tell its generation from this one.
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
