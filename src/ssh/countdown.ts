import { Deadline } from '../core/deadline.ts'

/** A time-out that does not run on while it is held: waiting for a turn among other hosts is not the host's own time. */
export class Countdown {
  readonly #abort = new AbortController()
  readonly #deadline: Deadline

  constructor(ms: number) {
    this.#deadline = new Deadline(ms, () => this.#abort.abort(new Error('timed out')))
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Stops the clock until goOn(). */
  hold(): void {
    this.#deadline.hold()
  }

  /** Lets the clock run on. */
  goOn(): void {
    this.#deadline.run()
  }

  [Symbol.dispose](): void {
    this.#deadline.hold()
  }
}
