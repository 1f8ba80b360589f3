const least = 128 * 1024
const most = 16 * 1024 * 1024
// How much longer than the shortest answer ever took.
const quickMs = 250
const slowMs = 1_000

/**
 * How much may be under way over a line that many share, so that what is short never waits for seconds behind files. Buffers of
 * the system and of routers take some MiB, which a slow line needs seconds for. So the other side is asked now and then
 * whether it is still there. The time until it answers says whether more may be under way, from 128 KiB up to 16 MiB.
 */
export class Pace {
  readonly #ask: (answered: () => void) => void
  readonly #now: () => number
  #window = 2 * least
  #sent = 0
  #asked = 0
  #arrived = 0
  #changedAt = 0
  #shortestMs = Number.POSITIVE_INFINITY

  /** `ask` sends the other side a question and calls `answered` once it has answered, after all that was sent before. */
  constructor(ask: (answered: () => void) => void, now: () => number = () => performance.now()) {
    this.#ask = ask
    this.#now = now
  }

  /** Whether so much is under way that more has to wait. */
  get isFull(): boolean {
    return this.#sent - this.#arrived >= this.#window
  }

  /** Counts what is sent, bytes. */
  add(bytes: number): void {
    this.#sent += bytes
    if (this.#sent - this.#asked < this.#window / 4) return
    this.#asked = this.#sent
    const sent = this.#sent
    const began = this.#now()
    this.#ask(() => {
      this.#arrived = sent
      const tookMs = this.#now() - began
      this.#shortestMs = Math.min(this.#shortestMs, tookMs)
      // What was asked before the last change tells nothing of it.
      if (sent > this.#changedAt + this.#window) this.#change(tookMs - this.#shortestMs)
    })
  }

  #change(waitedMs: number): void {
    const window = waitedMs < quickMs ? 2 * this.#window : waitedMs > slowMs ? this.#window / 2 : this.#window
    if (window === this.#window) return
    this.#window = Math.min(most, Math.max(least, window))
    this.#changedAt = this.#sent
  }
}
