import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, HostError, UserError } from '../core/errors.ts'
import type { Step } from '../core/resource.ts'
import { isDeadHere, thisController } from './controller.ts'
import { connect, exchange } from './exchange.ts'
import { Heartbeat } from './heartbeat.ts'
import { heartbeatStep, releaseStep, takeStep } from './lock-scripts.ts'
import {
  describeHolder,
  hostLockPaths,
  type LockHolder,
  type LockPaths,
  type LockState,
  lockProbe,
  staleAfterMs,
} from './lock-state.ts'
import { boundedAfter } from './patience.ts'
import { defaultReconnectDelaysMs, type Run } from './run.ts'
import { messageOf } from './task-errors.ts'
import { tail } from './text.ts'

/** Upper bound for one exchange about the lock, ms; the scripts' own wait for each other is 20 s. */
const lockExchangeMs = 30_000

export interface LockOptions {
  /** Id of the run, as it is to be shown to others. */
  readonly id: string
  /** The generation that the facts were read with; undefined where nothing was read before. */
  readonly generation?: number
  /** How long to wait for another holder, ms. Default 5 minutes; 0 gives up at once. */
  readonly waitMs?: number
  /** Time between two looks at a lock that is held, ms. Default 2000. */
  readonly pollMs?: number
  /** Time between two heartbeats, ms. Default 10 000. */
  readonly heartbeatMs?: number
  /** Folders on the host. */
  readonly paths?: LockPaths
  /** Who takes it. Default: this process. */
  readonly holder?: LockHolder
}

/** The lock as its holder sees it. */
export interface HeldLock {
  /** Somebody applied something after the facts were read: gather facts and evaluate again. */
  readonly outdated: boolean
  /** The run to work with: it also stops when the lock is lost. */
  readonly run: Run
}

/** What the work gave, and why it was stopped if the lock was lost on the way. */
export interface LockedResult<T> {
  readonly result: T
  readonly lost: UserError | undefined
}

/** Who works on the cluster right now: the holder, unless it is dead or has given no sign for 30 s. */
export function activeHolder(state: LockState): LockHolder | undefined {
  const { holder, heartbeatAgeMs } = state
  return holder === undefined || heartbeatAgeMs > staleAfterMs || isDeadHere(holder) ? undefined : holder
}

/** Reads the lock of a host in an exchange of its own; gatherFacts does so along with the facts. */
export async function readLock(host: string, run: Run, paths: LockPaths = hostLockPaths): Promise<LockState> {
  const session = await connect(run, host)
  const probe = lockProbe(paths)
  const reply = await exchange(run, session, { jobs: [], probes: [probe] })
  return probe.parse(reply.results[0]!)
}

/**
 * Does work while holding the lock of a cluster on `host`, its first control plane node. Waits for another holder, pushes
 * aside one that is dead or has not given a sign for 30 s, keeps the lock alive, and frees it however the work ends.
 * Throws UserError when the lock cannot be had, HostError when the host cannot be used.
 */
export async function withLock<T>(
  host: string,
  run: Run,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<LockedResult<T>> {
  const paths = options.paths ?? hostLockPaths
  const holder = options.holder ?? thisController(options.id)
  const generation = await take(host, run, options, holder, paths)
  const heartbeat = new Heartbeat(
    host,
    async () => {
      const state = await changeLock(host, run, heartbeatStep(paths, holder, generation), paths)
      return state.holder?.run === holder.run ? undefined : state
    },
    options.heartbeatMs ?? 10_000,
  )
  try {
    const outdated = options.generation !== undefined && generation !== options.generation + 1
    const result = await work({ outdated, run: { ...run, stop: AbortSignal.any([run.stop, heartbeat.signal]) } })
    return { result, lost: heartbeat.lost }
  } finally {
    await heartbeat.end()
    if (heartbeat.lost === undefined) await release(host, run, holder, paths)
  }
}

/** Takes the lock and returns its generation. */
async function take(
  host: string,
  run: Run,
  options: LockOptions,
  holder: LockHolder,
  paths: LockPaths,
): Promise<number> {
  const { waitMs = 300_000, pollMs = 2000 } = options
  const began = performance.now()
  let told: string | undefined
  let replaces: LockHolder | undefined
  for (;;) {
    if (run.stop.aborted) throw new UserError(stopped(host), { exitCode: exitCodes.cancelled })
    const state = await changeLock(host, run, takeStep(paths, holder, replaces), paths)
    if (state.holder?.run === holder.run) {
      const from = state.replaced
      run.emit({ type: 'lock:taken', host, ...(from === undefined ? {} : { from: describeHolder(from) }) })
      return state.generation
    }
    const other = state.holder
    // A process of this machine that is gone needs no waiting; the script still makes sure that it is this one's lock.
    replaces = other !== undefined && isDeadHere(other) ? other : undefined
    if (replaces !== undefined) continue
    const name = other === undefined ? 'another run' : describeHolder(other)
    if (performance.now() - began >= waitMs) throw new UserError(held(host, name, waitMs))
    if (told !== name) run.emit({ type: 'lock:wait', host, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

/** Sends one write of the lock and returns what the lock is like afterwards. All writes may be repeated, so a lost one is. */
async function changeLock(host: string, run: Run, step: Step, paths: LockPaths, again = true): Promise<LockState> {
  const session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
  const probe = lockProbe(paths)
  try {
    const request = { jobs: [{ steps: [step], verify: probe }], probes: [] }
    const { failure, verify } = (await exchange(run, session, request, { timeoutMs: lockExchangeMs })).jobs[0]!
    if (failure === undefined && verify !== undefined) return probe.parse(verify)
    throw new UserError({
      where: host,
      problem: `The run lock ${paths.run}/lock cannot be used`,
      came: failure === undefined ? 'no answer' : tail(failure.stderr) || `exit code ${failure.exitCode}`,
    })
  } catch (error) {
    if (!again || !(error instanceof HostError) || error.kind !== 'lost') throw error
    return changeLock(host, run, step, paths, false)
  }
}

/** Frees the lock; after the second ^C it has 10 s. A lock that stays is stale after 30 s, so failing here is only a note. */
async function release(host: string, run: Run, holder: LockHolder, paths: LockPaths): Promise<void> {
  using patience = boundedAfter(run.abort, 10_000)
  const patient: Run = { ...run, stop: patience.signal, abort: patience.signal }
  try {
    await changeLock(host, patient, releaseStep(paths, holder), paths)
    run.emit({ type: 'lock:released', host })
  } catch (cause) {
    const text = `The run lock could not be freed; it counts as stale in ${staleAfterMs / 1000} s: ${messageOf(cause)}`
    run.emit({ type: 'note', host, text })
  }
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

function stopped(host: string) {
  return { where: host, problem: 'Stopped while waiting for the run lock; nothing was written' }
}
