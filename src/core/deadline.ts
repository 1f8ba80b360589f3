// A time-out is counted in pieces of at most this length, ms.
const pieceMs = 1_000

/** Turns of the event loop in which what has arrived is read: the socket, then what was decrypted, through a jump host too. */
const turnsToLook = 3

/**
 * A time-out for another machine, which forgives what is no fault of it:
 * - While this process stands still (it computes, it is stopped, its machine is overloaded), no more than a second counts.
 * - When the time is over, what has arrived meanwhile is read first; `expire` is called only if nobody restarts or holds
 *   the deadline then. Timers come before sockets in the event loop, so an answer may be there that nobody has seen.
 *
 * It can be held, for the time that a file travels, or that one waits for a turn among other hosts. It is not for what has to end at a time by the clock, as a lease.
 */
export class Deadline {
  readonly #expire: () => void
  #leftMs: number
  #pieceMs = 0
  #since = 0
  #stop: (() => void) | undefined

  constructor(ms: number, expire: () => void) {
    this.#leftMs = ms
    this.#expire = expire
    this.run()
  }

  /** Lets it run on after a hold. */
  run(): void {
    if (this.#stop === undefined) this.#wait()
  }

  /** Gives it `ms` from now on, also while it is held. */
  restart(ms: number): void {
    const held = this.#stop === undefined
    this.hold()
    this.#leftMs = ms
    if (!held) this.#wait()
  }

  hold(): void {
    if (this.#stop === undefined) return
    this.#stop()
    this.#stop = undefined
    this.#leftMs -= Math.min(performance.now() - this.#since, this.#pieceMs)
  }

  #wait(): void {
    this.#since = performance.now()
    this.#pieceMs = Math.max(0, Math.min(this.#leftMs, pieceMs))
    const timer = setTimeout(() => {
      this.#leftMs -= this.#pieceMs
      this.#pieceMs = 0
      if (this.#leftMs > 0) this.#wait()
      else this.#look(turnsToLook)
    }, this.#pieceMs)
    this.#stop = () => clearTimeout(timer)
  }

  #look(turns: number): void {
    if (turns === 0) {
      this.#stop = undefined
      this.#expire()
      return
    }
    const next = setImmediate(() => this.#look(turns - 1))
    this.#stop = () => clearImmediate(next)
  }
}
