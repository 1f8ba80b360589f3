interface Attempt<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
}

interface Closable {
  readonly alive: boolean
  close(): Promise<void>
}

/** One shared object (a connection) that is created at first use, and again once it is no longer alive. */
export class Link<T extends Closable> {
  readonly #make: (signal: AbortSignal) => Promise<T>
  #current: T | undefined
  #attempt: Attempt<T> | undefined
  #closed = false

  constructor(make: (signal: AbortSignal) => Promise<T>) {
    this.#make = make
  }

  get current(): T | undefined {
    return this.#current?.alive === true ? this.#current : undefined
  }

  /**
   * The living one, or the one that is being made. Rejects with what the making rejects with, or with the signal's
   * reason; the making itself is given up when nobody waits for it any more.
   */
  async get(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.current !== undefined) return this.current
    this.#attempt ??= this.#begin()
    const attempt = this.#attempt
    attempt.waiting++
    let onAbort: (() => void) | undefined
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([attempt.result, aborted])
    } finally {
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
      attempt.waiting--
      if (attempt.waiting === 0 && this.#attempt === attempt) {
        attempt.abort.abort(new Error('nobody waits for the connection any more'))
        this.#attempt = undefined
      }
    }
  }

  /** Closes the one there is; what is still being made is given up, or closed once it is made. */
  async close(): Promise<void> {
    this.#closed = true
    const attempt = this.#attempt
    attempt?.abort.abort(new Error('closed'))
    const late = await attempt?.result.catch(() => undefined)
    await late?.close()
    await this.#current?.close()
  }

  #begin(): Attempt<T> {
    const abort = new AbortController()
    const result = this.#make(abort.signal).then(made => {
      if (this.#attempt?.result === result) this.#attempt = undefined
      // It may have been made for somebody who has left in the meantime; the next one has it then, if there is none yet.
      const earlier = this.current
      if (earlier === undefined) this.#current = made
      if (earlier !== undefined || this.#closed) void made.close()
      return earlier ?? made
    })
    result.catch(() => {
      if (this.#attempt?.result === result) this.#attempt = undefined
    })
    return { result, abort, waiting: 0 }
  }
}
