import { Deadline } from '../core/deadline.ts'
import { HostError } from '../core/errors.ts'
import type { Step } from '../core/resource.ts'
import { connect, exchange } from './exchange.ts'
import { cannotKeep } from './lock-errors.ts'
import { voterPatienceMs } from './lock-reach.ts'
import { releaseStep } from './lock-scripts.ts'
import {
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

/** Default upper bound for one exchange about the lock, ms. The scripts themselves wait up to 20 s for each other. */
const lockExchangeMs = 30_000
/** How long freeing may take where nobody knows whether there is anything to free, ms. */
const unsureMs = 3_000

/** Reads the lock of a host in an exchange of its own; gatherFacts does so along with the facts. */
export async function readLock(
  host: string,
  run: Run,
  paths: LockPaths = hostLockPaths,
  timeoutMs: number = lockExchangeMs,
): Promise<LockState> {
  const session = await connect(run, host)
  const probe = lockProbe(paths)
  const reply = await exchange(run, session, { jobs: [], probes: [probe] }, { timeoutMs })
  return probe.parse(reply.results[0]!)
}

/**
 * Sends one step that changes the lock, and returns the state of the lock afterwards. Every such step may be repeated, so it is
 * sent once more if the connection is lost.
 */
export async function changeLock(
  host: string,
  run: Run,
  step: Step,
  paths: LockPaths,
  timeoutMs: number = lockExchangeMs,
  again = true,
): Promise<LockState> {
  const delays = run.reconnectDelaysMs ?? defaultReconnectDelaysMs
  const session = await connect(run, host, delays, { apart: true })
  const probe = lockProbe(paths)
  try {
    const request = { jobs: [{ steps: [step], verify: probe }], probes: [] }
    const { failure, verify } = (await exchange(run, session, request, { timeoutMs })).jobs[0]!
    if (failure === undefined && verify !== undefined) return probe.parse(verify)
    throw cannotKeep(
      host,
      paths,
      failure === undefined ? 'no answer' : tail(failure.stderr) || `exit code ${failure.exitCode}`,
    )
  } catch (error) {
    if (!again || !(error instanceof HostError) || error.kind !== 'lost') throw error
    return changeLock(host, run, step, paths, timeoutMs, false)
  }
}

/** Who takes or frees the lock. */
export interface Holding {
  readonly run: Run
  readonly holder: LockHolder
  readonly paths: LockPaths
}

/**
 * Frees the lock on the hosts where it was taken, and returns those where that succeeded. After the second ^C it has 10 s. A
 * lock that remains is stale after 60 s, so a failure is only a note. For `unfinished` see releaseStep(); `forgetful` hosts forget the
 * lock.
 */
export async function releaseLock(
  taken: readonly string[],
  holding: Holding,
  unfinished = true,
  forgetful: ReadonlySet<string> = new Set(),
): Promise<readonly string[]> {
  using patience = boundedAfter(holding.run.abort, 10_000)
  const failed = await freeAll(taken, holding, { unfinished, forgetful }, patience.signal)
  for (const [host, cause] of failed) {
    const text = `The run lock could not be freed; it counts as stale in ${staleAfterMs / 1000} s: ${messageOf(cause)}`
    holding.run.emit({ type: 'note', host, text })
  }
  return taken.filter(host => !failed.has(host))
}

/**
 * Frees the lock, within 3 s, on hosts that may have taken it but did not answer. Otherwise other runs would wait for it for a
 * minute, and the next run would believe that it pushes somebody aside. This run has not learnt whom it pushed aside there, so
 * it leaves that for the next run to read.
 */
export async function releaseUnsure(hosts: readonly string[], holding: Holding): Promise<void> {
  using patience = boundedAfter(AbortSignal.abort(), unsureMs)
  const quiet = { ...holding, run: { ...holding.run, emit: () => undefined } }
  await freeAll(hosts, quiet, { unfinished: true, forgetful: new Set() }, patience.signal)
}

/** Returns the hosts where it failed, and why. Once half of the hosts are done, the others have voterPatienceMs(). */
async function freeAll(
  hosts: readonly string[],
  { run, holder, paths }: Holding,
  { unfinished, forgetful }: { readonly unfinished: boolean; readonly forgetful: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const late = new AbortController()
  const until = AbortSignal.any([signal, late.signal])
  const patient: Run = { ...run, stop: until, abort: until }
  let deadline: Deadline | undefined
  let done = 0
  const failed = new Map<string, unknown>()
  const free = async (host: string) => {
    try {
      await changeLock(host, patient, releaseStep(paths, holder, unfinished, forgetful.has(host)), paths)
    } catch (cause) {
      failed.set(host, cause)
    }
    done++
    if (done * 2 >= hosts.length) deadline ??= new Deadline(voterPatienceMs(run), () => late.abort())
  }
  await Promise.all(hosts.map(free))
  deadline?.hold()
  return failed
}
