import { longestTimerMs } from '../core/limits.ts'

/** A time-out that does not run on while it is held: waiting for a turn among other hosts is not the host's own time. */
export class Countdown {
  readonly #abort = new AbortController()
  #leftMs: number
  #since = 0
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.#leftMs = ms
    this.#run()
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Stops the clock until goOn(). */
  hold(): void {
    clearTimeout(this.#timer)
    this.#leftMs -= performance.now() - this.#since
  }

  /** Lets the clock run on. */
  goOn(): void {
    this.#run()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #run(): void {
    this.#since = performance.now()
    this.#timer = setTimeout(
      () => this.#abort.abort(new Error('timed out')),
      Math.min(Math.max(0, this.#leftMs), longestTimerMs),
    )
  }
}
