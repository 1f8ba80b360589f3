/** Shows progress to people: one line for each thing that is finished, with the time since the start. */
export class Progress {
  readonly #write: (line: string) => void
  readonly #start = performance.now()

  /** @param write gets the lines; standard error by default, so that standard output is only for the result */
  constructor(write: (line: string) => void = line => process.stderr.write(`${line}\n`)) {
    this.#write = write
  }

  say(text: string): void {
    this.#write(`[${duration(this.elapsed).padStart(6)}] ${text}`)
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#start) / 1000
  }
}

/** `7 s`, `4m05s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}

/** A number of bytes as text, e.g. `84 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`
}
