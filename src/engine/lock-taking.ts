import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, HostError, UserError } from '../core/errors.ts'
import { isDeadHere } from './controller.ts'
import { isPlausible, reachedBy } from './generation.ts'
import { tooFarAhead, tooFew } from './lock-errors.ts'
import { changeLock, majorityOf, releaseLock } from './lock-exchange.ts'
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
    const tried = await takeInOrder(taking)
    if (tried.heldBy === undefined) {
      for (const [host, { details }] of tried.refused)
        run.emit({ type: 'note', host, text: [details.problem, details.came, details.next].join('; ') })
      return raiseAll(taking, tried)
    }
    await releaseLock([...tried.taken.keys()], taking)
    const { voter, state } = tried.heldBy
    const name = state.holder === undefined ? 'another run' : describeHolder(state.holder)
    if (performance.now() - began >= waitMs) throw new UserError(held(voter, name, waitMs))
    if (told !== name) run.emit({ type: 'lock:wait', host: voter, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

interface Tried {
  readonly taken: ReadonlyMap<string, Moment>
  /** What those say of it that keep it. */
  readonly states: ReadonlyMap<string, LockState>
  /** Those that answered and must not keep it. */
  readonly refused: ReadonlyMap<string, HostError>
  /** The first host that another run holds. */
  readonly heldBy?: { readonly voter: string; readonly state: LockState }
}

// One after the other and all runs in the same order, so that of several that begin at once one gets to the end.
async function takeInOrder(taking: Taking): Promise<Tried> {
  const { voters, holder } = taking
  const taken = new Map<string, Moment>()
  const states = new Map<string, LockState>()
  const silent = new Map<string, HostError>()
  for (const voter of voters) {
    const sent = now()
    try {
      const state = await takeOn(voter, taking)
      if (state.holder?.run !== holder.run) return { taken, states, refused: new Map(), heldBy: { voter, state } }
      taken.set(voter, sent)
      states.set(voter, state)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      silent.set(voter, error)
      await giveUpWithout(silent, taking, taken)
    }
  }
  const refused = implausible(taking, states)
  await releaseLock([...refused.keys()], taking)
  for (const voter of refused.keys()) {
    taken.delete(voter)
    states.delete(voter)
  }
  await giveUpWithout(new Map([...silent, ...refused]), taking, taken)
  return { taken, states, refused }
}

// A majority has one host in common with that of the run before, so what it knows suffices whatever the others claim.
function implausible({ voters, paths }: Taking, states: ReadonlyMap<string, LockState>): Map<string, HostError> {
  const generations = [...states.values()].map(({ generation }) => generation)
  const reached = reachedBy(majorityOf(voters), generations)
  const ahead = [...states].filter(([, { generation }]) => !isPlausible(generation, reached))
  return new Map(ahead.map(([voter, { generation }]) => [voter, tooFarAhead(voter, paths, generation, reached)]))
}

async function giveUpWithout(
  missing: ReadonlyMap<string, HostError>,
  taking: Taking,
  taken: ReadonlyMap<string, Moment>,
): Promise<void> {
  const { voters } = taking
  if (voters.length - missing.size >= majorityOf(voters)) return
  await releaseLock([...taken.keys()], taking)
  throw tooFew(voters, missing)
}

async function takeOn(voter: string, { run, holder, paths, atLeast }: Taking): Promise<LockState> {
  const state = await changeLock(voter, run, takeStep(paths, holder, atLeast), paths)
  const other = state.holder
  // A process of this machine that is gone needs no waiting; the script still makes sure that it is this one's lock.
  if (other === undefined || other.run === holder.run || !isDeadHere(other)) return state
  return changeLock(voter, run, takeStep(paths, holder, atLeast, state.held), paths)
}

// A host that was off while others kept the lock knows less than they do.
async function raiseAll({ run, holder, paths }: Taking, { taken, states }: Tried): Promise<Taken> {
  const known = [...states.values()]
  const generation = Math.max(...known.map(state => state.generation))
  const behind = [...taken.keys()].filter(voter => states.get(voter)?.generation !== generation)
  await Promise.all(behind.map(voter => changeLock(voter, run, heartbeatStep(paths, holder, generation), paths)))
  return { taken, generation, replaced: known.find(state => state.replaced !== undefined)?.replaced }
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
