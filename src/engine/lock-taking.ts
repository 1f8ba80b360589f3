import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, HostError, UserError } from '../core/errors.ts'
import { isDeadHere } from './controller.ts'
import { isPlausible, majorityOf, reachedBy } from './generation.ts'
import { tooFarAhead, tooFew } from './lock-errors.ts'
import { changeLock, releaseLock } from './lock-exchange.ts'
import { heartbeatStep, takeStep } from './lock-scripts.ts'
import { describeHolder, type LockHolder, type LockPaths, type LockState } from './lock-state.ts'
import { type Moment, now } from './moment.ts'
import type { Run } from './run.ts'

/** Who wants the lock of which hosts. */
export interface Taking {
  readonly voters: readonly string[]
  readonly run: Run
  readonly holder: LockHolder
  readonly paths: LockPaths
  /** The least generation to take it with. */
  readonly atLeast: number
}

/** A lock that was had. */
export interface Taken {
  /** The voters that keep it, in their order, and when the step was sent that took it. */
  readonly taken: ReadonlyMap<string, Moment>
  readonly generation: number
  /** The run that was pushed aside. */
  readonly replaced: LockHolder | undefined
}

/**
 * Takes the lock on as many voters as answer, and waits for a run that has it, ms. Throws UserError when those that answer
 * are no majority, when the other run keeps it, and when this one is stopped.
 */
export async function takeLock(
  taking: Taking,
  { waitMs = 300_000, pollMs = 2000 }: { readonly waitMs?: number | undefined; readonly pollMs?: number | undefined },
): Promise<Taken> {
  const { run, voters } = taking
  const began = performance.now()
  let told: string | undefined
  for (;;) {
    if (run.stop.aborted) throw new UserError(stopped(voters), { exitCode: exitCodes.cancelled })
    const tried = await tryOnce(taking)
    if (!('heldBy' in tried)) return tried
    const { heldBy: voter, state } = tried
    const name = state.holder === undefined ? 'another run' : describeHolder(state.holder)
    if (performance.now() - began >= waitMs) throw new UserError(held(voter, name, waitMs))
    if (told !== name) run.emit({ type: 'lock:wait', host: voter, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

/** How far one attempt to take the lock got. */
interface Attempt extends Taking {
  readonly taken: Map<string, Moment>
  /** What those say of the lock that keep it for this run. */
  readonly states: Map<string, LockState>
  /** The voters that are not to keep it, and why: they do not answer, cannot write, or say what cannot be. */
  readonly without: Map<string, HostError>
}

/** The first host that another run holds. */
interface Held {
  readonly heldBy: string
  readonly state: LockState
}

// However an attempt ends without the lock, nothing of it stays on the hosts.
async function tryOnce(taking: Taking): Promise<Taken | Held> {
  const attempt: Attempt = { ...taking, taken: new Map(), states: new Map(), without: new Map() }
  try {
    const held = await takeInOrder(attempt)
    if (held === undefined) {
      await leaveOut(attempt, implausible(attempt))
      const generation = await raiseAll(attempt)
      for (const [host, { kind, details }] of attempt.without)
        if (kind === 'unfit')
          taking.run.emit({ type: 'note', host, text: [details.problem, details.came, details.next].join('; ') })
      const states = [...attempt.states.values()]
      const { replaced } = states.find(state => state.replaced !== undefined) ?? {}
      return { taken: attempt.taken, generation, replaced }
    }
    await releaseLock([...attempt.taken.keys()], taking)
    return held
  } catch (error) {
    await releaseLock([...attempt.taken.keys()], taking)
    throw error
  }
}

// One after the other and all runs in the same order, so that of several that begin at once one gets to the end.
async function takeInOrder(attempt: Attempt): Promise<Held | undefined> {
  const { voters, holder, taken, states } = attempt
  for (const voter of voters) {
    const sent = now()
    try {
      const state = await takeOn(voter, attempt)
      if (state.holder?.run !== holder.run) return { heldBy: voter, state }
      taken.set(voter, sent)
      states.set(voter, state)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      await leaveOut(attempt, new Map([[voter, error]]))
    }
  }
  return undefined
}

// A majority has one host in common with that of the run before, so what it knows suffices whatever the others claim.
function implausible({ voters, paths, states }: Attempt): Map<string, HostError> {
  const generations = [...states.values()].map(({ generation }) => generation)
  const reached = reachedBy(majorityOf(voters), generations)
  const ahead = [...states].filter(([, { generation }]) => !isPlausible(generation, reached))
  return new Map(ahead.map(([voter, { generation }]) => [voter, tooFarAhead(voter, paths, generation, reached)]))
}

// One that answered may have come half the way. Whether it can be freed is no news beside why it is left out.
async function leaveOut(attempt: Attempt, errors: ReadonlyMap<string, HostError>): Promise<void> {
  const { voters, taken, states, without } = attempt
  const run = { ...attempt.run, emit: () => undefined }
  const answered = [...errors].filter(([, { kind }]) => kind === 'unfit')
  await releaseLock(
    answered.map(([voter]) => voter),
    { ...attempt, run },
  )
  for (const [voter, error] of errors) {
    taken.delete(voter)
    states.delete(voter)
    without.set(voter, error)
  }
  if (voters.length - without.size < majorityOf(voters)) throw tooFew(voters, without)
}

async function takeOn(voter: string, { run, holder, paths, atLeast }: Taking): Promise<LockState> {
  const state = await changeLock(voter, run, takeStep(paths, holder, atLeast), paths)
  const other = state.holder
  // A process of this machine that is gone needs no waiting; the script still makes sure that it is this one's lock.
  if (other === undefined || other.run === holder.run || !isDeadHere(other)) return state
  return changeLock(voter, run, takeStep(paths, holder, atLeast, state.held), paths)
}

// A host that was off while others kept the lock knows less than they do. One that cannot learn it does not count.
async function raiseAll(attempt: Attempt): Promise<number> {
  const { run, holder, paths, states } = attempt
  const generation = Math.max(...[...states.values()].map(state => state.generation))
  const failed = new Map<string, HostError>()
  const raise = async ([voter, state]: readonly [string, LockState]) => {
    if (state.generation === generation) return
    try {
      await changeLock(voter, run, heartbeatStep(paths, holder, generation), paths)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      failed.set(voter, error)
    }
  }
  await Promise.all([...states].map(raise))
  await leaveOut(attempt, failed)
  return generation
}

function held(host: string, name: string, waitMs: number) {
  return {
    where: host,
    problem: 'Another run works on this cluster',
    expected: waitMs === 0 ? 'a free lock' : `a free lock within ${Math.round(waitMs / 1000)} s`,
    came: `a lock of ${name}`,
    next: 'Wait until that run has ended, then start this one again.',
  }
}

function stopped(voters: readonly string[]) {
  return { where: voters.join(', '), problem: 'Stopped while waiting for the run lock; nothing was written' }
}
