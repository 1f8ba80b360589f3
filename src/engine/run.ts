import type { UserError } from '../core/errors.ts'
import type { Emit } from '../core/event.ts'
import type { Fence, SshPool } from '../core/host.ts'
import type { Limits } from '../core/limits.ts'

/** The right of a run to write, for as long as it holds the lock. */
export interface Writer {
  /** What identifies this run on the hosts. */
  readonly fence: Fence
  /** Why the lock is lost; undefined while it is not. */
  readonly lost: UserError | undefined
  /** Resolves when the lock is surely still held, usually at once. Rejects with UserError when it is lost or given back. */
  hold(): Promise<void>
  /**
   * To be called when a host refuses this run and says that a later run has written to it. Nothing more is written anywhere
   * until a majority of the hosts that keep the lock has renewed it: `hold` waits for that. Resolves once they were asked.
   */
  doubt(error: UserError): Promise<void>
}

/** How long hosts that are read wait for slower ones; see Limits. */
export type Patience = Pick<Limits, 'patienceMs' | 'patienceTotalMs'>

/** What every operation of the engine needs to know about the run it belongs to. */
export interface Run {
  readonly pool: SshPool
  readonly emit: Emit
  /** Once it is aborted, nothing new starts; running exchanges end normally. */
  readonly stop: AbortSignal
  /** Aborting it kills the process groups of running exchanges on the hosts. */
  readonly abort: AbortSignal
  /** How long hosts that are read wait for those that are slower, ms. Default: `limits`. */
  readonly patience?: Patience
  /** Hosts that are worked on at a time. Default 50. */
  readonly parallel?: number
  /** Undefined: no lock is held, and what is written is not fenced. */
  readonly writer?: Writer
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
