import { Deadline } from '../core/deadline.ts'
import { HostError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { connect } from './exchange.ts'
import { majorityOf } from './generation.ts'
import { defaultReconnectDelaysMs, type Run } from './run.ts'

/** How long a run waits for a host that keeps the lock when enough others do, ms. */
export function voterPatienceMs({ patience = limits }: Run): number {
  return patience.patienceMs
}

/**
 * Connects to all hosts that keep the lock at the same time, so that waiting for several that are off takes no longer than for
 * one. Once a majority is connected, the others have voterPatienceMs(). Returns the hosts that are not connected, and why.
 */
export async function reachVoters(voters: readonly string[], run: Run): Promise<ReadonlyMap<string, HostError>> {
  const late = new AbortController()
  const signal = AbortSignal.any([run.stop, run.abort, late.signal])
  const missing = new Map<string, HostError>()
  const patienceMs = voterPatienceMs(run)
  let connected = 0
  let deadline: Deadline | undefined
  const reach = async (voter: string): Promise<void> => {
    try {
      const delays = run.reconnectDelaysMs ?? defaultReconnectDelaysMs
      await connect({ ...run, stop: signal, abort: signal }, voter, delays, { apart: true })
      connected++
      if (connected === majorityOf(voters)) deadline = new Deadline(patienceMs, () => late.abort())
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      missing.set(voter, error.kind === 'cancelled' ? notConnected(voter, patienceMs) : error)
    }
  }
  await Promise.all(voters.map(reach))
  deadline?.hold()
  return missing
}

function notConnected(host: string, patienceMs: number): HostError {
  return new HostError(host, 'timed out', {
    where: host,
    problem: `it was not connected ${patienceMs / 1000} s after most of the hosts that keep the run lock`,
  })
}
