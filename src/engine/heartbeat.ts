import { UserError } from '../core/errors.ts'
import { describeHolder, type LockState, staleAfterMs } from './lock-state.ts'

/**
 * Keeps a lock alive. Its exchanges do not go through the host's lane: a session allows several at a time, and a long
 * step must not make the lock look abandoned.
 */
export class Heartbeat {
  readonly #host: string
  readonly #beat: () => Promise<LockState | undefined>
  readonly #everyMs: number
  readonly #lost = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #lastBeat = performance.now()
  #ended = false

  /** `beat` renews the lock and returns undefined, or what the lock is like if it is somebody else's by now. */
  constructor(host: string, beat: () => Promise<LockState | undefined>, everyMs: number) {
    this.#host = host
    this.#beat = beat
    this.#everyMs = everyMs
    this.#schedule()
  }

  /** Fires when the lock is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Why the lock is lost; undefined while it is not. */
  get lost(): UserError | undefined {
    return this.#lost.signal.aborted ? (this.#lost.signal.reason as UserError) : undefined
  }

  /** Beats no more; waits for one that is on its way. */
  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#ended || this.lost !== undefined) return
    this.#timer = setTimeout(() => {
      this.#running = this.#once().finally(() => this.#schedule())
    }, this.#everyMs)
  }

  async #once(): Promise<void> {
    const sent = performance.now()
    const late = setTimeout(() => this.#lose(this.#silent()), Math.max(0, this.#lastBeat + staleAfterMs - sent))
    try {
      const other = await this.#beat()
      if (other === undefined) this.#lastBeat = sent
      else this.#lose(this.#takenOver(other))
    } catch {
      // A single beat may fail; what counts is how long ago the last good one was.
      if (performance.now() - this.#lastBeat >= staleAfterMs) this.#lose(this.#silent())
    } finally {
      clearTimeout(late)
    }
  }

  #lose(error: UserError): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(error)
  }

  #takenOver(state: LockState): UserError {
    return new UserError({
      where: this.#host,
      problem: 'The run lock was taken over by another run; this one started nothing more',
      came: state.holder === undefined ? 'no lock' : `a lock of ${describeHolder(state.holder)}`,
      next: 'Wait until that run has ended, then start this one again; what is done is not done again.',
    })
  }

  #silent(): UserError {
    return new UserError({
      where: this.#host,
      problem: `The run lock could not be renewed for ${staleAfterMs / 1000} s; nothing more was started`,
      next: 'Start it again when the host can be reached; what is done is not done again.',
    })
  }
}
