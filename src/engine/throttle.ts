/** Lets at most one line in `everyMs` through: the first at once, then always the newest. */
export class LineThrottle {
  readonly #everyMs: number
  readonly #show: (line: string) => void
  #pending: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(show: (line: string) => void, everyMs = 250) {
    this.#show = show
    this.#everyMs = everyMs
  }

  push(line: string): void {
    if (this.#timer !== undefined) {
      this.#pending = line
      return
    }
    this.#show(line)
    this.#wait()
  }

  /** Shows the newest line if it was held back, and ends the timer. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flush()
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#flush()) this.#wait()
    }, this.#everyMs)
  }

  #flush(): boolean {
    const line = this.#pending
    if (line === undefined) return false
    this.#pending = undefined
    this.#show(line)
    return true
  }
}
