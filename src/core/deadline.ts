// A time-out is counted in pieces of at most this length, ms.
const pieceMs = 1_000

/** Within so many turns of the event loop, data that has arrived is read and decrypted, also through a jump host. */
const turnsToLook = 3

/**
 * A time-out for another machine. It does not count delays for which that machine is not responsible:
 * - A standstill of this process (a long computation, a stop signal, an overloaded machine) counts as one second at most.
 * - When the time is over, data that has already arrived is read first, because the event loop runs timers before it reads
 *   sockets. `expire` is called only if nobody restarts or holds the deadline meanwhile.
 *
 * It can be held, e.g. while a file is transferred or while a host waits for its turn. It is not for work that has to end at a
 * certain time by the clock, such as a lease.
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

  /** Continues after a hold. */
  run(): void {
    if (this.#stop === undefined) this.#wait()
  }

  /** Sets the time that is left to `ms`. A deadline that is held stays held. */
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
