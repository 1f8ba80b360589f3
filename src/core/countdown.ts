import { Deadline } from './deadline.ts'

/** A Deadline as a signal, for what another machine is asked. Dispose it when the answer is here: it keeps the process alive. */
export class Countdown {
  readonly #abort = new AbortController()
  readonly #deadline: Deadline

  /** `reason` is what the signal is aborted with. */
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

  /** Lets the clock run on. */
  goOn(): void {
    this.#deadline.run()
  }

  [Symbol.dispose](): void {
    this.#deadline.hold()
  }
}
