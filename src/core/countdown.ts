import { Deadline } from './deadline.ts'

/**
 * A Deadline in the form of an AbortSignal, for a request to another machine. Dispose it when the answer has arrived, because
 * its timer keeps the process alive.
 */
export class Countdown {
  readonly #abort = new AbortController()
  readonly #deadline: Deadline

  /** The signal is aborted with `reason`. */
  constructor(ms: number, reason = 'timed out') {
    this.#deadline = new Deadline(ms, () => this.#abort.abort(new Error(reason)))
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Stops the clock until goOn(). */
  hold(): void {
    this.#deadline.hold()
  }

  /** Lets the clock continue. */
  goOn(): void {
    this.#deadline.run()
  }

  [Symbol.dispose](): void {
    this.#deadline.hold()
  }
}
