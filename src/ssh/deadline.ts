import { longestTimerMs } from '../core/limits.ts'

/** A time-out that can be held, for the time that a file travels. */
export class Deadline {
  readonly #expire: () => void
  #leftMs: number
  #since = 0
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, expire: () => void) {
    this.#leftMs = ms
    this.#expire = expire
    this.run()
  }

  run(): void {
    if (this.#timer !== undefined) return
    this.#since = performance.now()
    this.#timer = setTimeout(this.#expire, Math.min(this.#leftMs, longestTimerMs))
  }

  /** Gives it `ms` from now on, also while it is held. */
  restart(ms: number): void {
    const held = this.#timer === undefined
    this.hold()
    this.#leftMs = ms
    if (!held) this.run()
  }

  hold(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#leftMs -= performance.now() - this.#since
  }
}
