import PQueue from 'p-queue'

/**
 * How long one handshake keeps its place, ms. What costs CPU is over long before; the others do not wait for a host that
 * says nothing, or little at a time.
 */
const placeMs = 3_000

/** Bounds the handshakes in flight at a time: they are what costs CPU, and sshd limits them. */
export class HandshakeTurns {
  readonly #queue: PQueue

  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency })
  }

  /** Waits for a place, then does the work. Rejects with the signal's reason when it aborts before. */
  async take<T>(signal: AbortSignal, work: () => T | Promise<T>): Promise<T> {
    const place = Promise.withResolvers<void>()
    const turn = Promise.withResolvers<void>()
    const onAbort = (): void => turn.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    void this.#queue.add(async () => {
      if (signal.aborted) return
      turn.resolve()
      await place.promise
    })
    try {
      await turn.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    // By the clock: it only lets the next one begin.
    const timer = setTimeout(place.resolve, placeMs)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      place.resolve()
    }
  }
}
