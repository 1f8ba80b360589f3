import { HostError } from '../core/errors.ts'
import type { Step } from '../core/resource.ts'
import { connect, exchange } from './exchange.ts'
import { cannotKeep } from './lock-errors.ts'
import { releaseStep } from './lock-scripts.ts'
import { type LockHolder, type LockPaths, type LockState, lockProbe, staleAfterMs } from './lock-state.ts'
import { boundedAfter } from './patience.ts'
import { defaultReconnectDelaysMs, type Run } from './run.ts'
import { messageOf } from './task-errors.ts'
import { tail } from './text.ts'

/** Upper bound for one exchange about the lock, ms, where nobody sets a lower one; the scripts' own wait for each other is 20 s. */
const lockExchangeMs = 30_000

/** Sends one write of the lock and returns what the lock is like afterwards. All writes may be repeated, so a lost one is. */
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

/**
 * Frees the lock where it was taken and returns where that went well; after the second ^C it has 10 s. A lock that stays is
 * stale after 60 s, so failing here is only a note. For `unfinished` see releaseStep.
 */
export async function releaseLock(
  taken: readonly string[],
  { run, holder, paths }: { readonly run: Run; readonly holder: LockHolder; readonly paths: LockPaths },
  unfinished = true,
): Promise<readonly string[]> {
  using patience = boundedAfter(run.abort, 10_000)
  const patient: Run = { ...run, stop: patience.signal, abort: patience.signal }
  const free = async (host: string) => {
    try {
      await changeLock(host, patient, releaseStep(paths, holder, unfinished), paths)
      return true
    } catch (cause) {
      const text = `The run lock could not be freed; it counts as stale in ${staleAfterMs / 1000} s: ${messageOf(cause)}`
      run.emit({ type: 'note', host, text })
      return false
    }
  }
  const freed = await Promise.all(taken.map(free))
  return taken.filter((_, index) => freed[index])
}
