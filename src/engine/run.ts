import type { Emit } from '../core/event.ts'
import type { SshPool } from '../core/host.ts'

/** What every operation of the engine needs to know about the run it belongs to. */
export interface Run {
  readonly pool: SshPool
  readonly emit: Emit
  /** Starts nothing new once aborted; exchanges that run end normally. */
  readonly stop: AbortSignal
  /** Kills the process groups of running exchanges on the hosts. */
  readonly abort: AbortSignal
  /** Hosts that are worked on at a time. Default 50. */
  readonly parallel?: number
  /** Waits before each further attempt to connect after a loss, ms. Default 1000, 3000. */
  readonly reconnectDelaysMs?: readonly number[]
}

/** Default of Run.parallel. */
export const defaultParallel = 50

/** Default of Run.reconnectDelaysMs. */
export const defaultReconnectDelaysMs: readonly number[] = [1000, 3000]

/** True as soon as nothing new may be started. */
export function isStopping(run: Run): boolean {
  return run.stop.aborted || run.abort.aborted
}
