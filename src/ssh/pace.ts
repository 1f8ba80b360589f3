const least = 128 * 1024
const most = 16 * 1024 * 1024
// How much longer than the shortest answer ever took.
const quickMs = 250
const slowMs = 1_000
// The least takes so long on the slowest line that files may be sent over: see limits.pushBytesPerSecond.
const patienceMs = 8_000
// Under way at a time are five or six questions at most, as long as each is answered.
const mostUnanswered = 16

/**
 * How much may be under way over a line that many share, so that what is short never waits for seconds behind files. Buffers of
 * the system and of routers take some MiB, which a slow line needs seconds for. So the other side is asked now and then
 * whether it is still there. The time until it answers says whether more may be under way, from 128 KiB up to 16 MiB.
 *
 * Some servers do not answer such questions, e.g. of network equipment. One is asked before anything is sent, and a server that
 * answers has done so before the first file. Without an answer nothing ever has to wait, and neither does it as long as
 * a server that has answered before is silent for more than 8 s.
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
  #unanswered = 0
  #answers = false
  #heardAt = 0

  /** `ask` sends the other side a question and calls `answered` once it has answered, after all that was sent before. */
  constructor(ask: (answered: () => void) => void, now: () => number = () => performance.now()) {
    this.#ask = ask
    this.#now = now
    this.#question()
  }

  /** Whether so much is under way that more has to wait. */
  get isFull(): boolean {
    if (!this.#answers || this.#sent - this.#arrived < this.#window) return false
    return this.#now() - this.#heardAt < patienceMs
  }

  /** Counts what is sent, bytes. */
  add(bytes: number): void {
    this.#sent += bytes
    if (this.#sent - this.#asked >= this.#window / 4 && this.#unanswered < mostUnanswered) this.#question()
  }

  #question(): void {
    const sent = this.#sent
    const began = this.#now()
    this.#asked = sent
    if (this.#unanswered === 0) this.#heardAt = began
    this.#unanswered++
    this.#ask(() => {
      const now = this.#now()
      this.#unanswered--
      this.#answers = true
      this.#heardAt = now
      this.#arrived = sent
      this.#shortestMs = Math.min(this.#shortestMs, now - began)
      // What was asked before the last change tells nothing of it.
      if (sent > this.#changedAt + this.#window) this.#change(now - began - this.#shortestMs)
    })
  }

  #change(waitedMs: number): void {
    const window = waitedMs < quickMs ? 2 * this.#window : waitedMs > slowMs ? this.#window / 2 : this.#window
    if (window === this.#window) return
    this.#window = Math.min(most, Math.max(least, window))
    this.#changedAt = this.#sent
  }
}
