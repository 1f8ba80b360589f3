import { StringDecoder } from 'node:string_decoder'
import { beforeCut } from '../../core/cut.ts'

/**
 * The longest line, in characters. A longer one is passed on in parts, so that a program that never ends its line cannot
 * use up the memory. A part never ends in the middle of a Secret.
 */
const longestLine = 64 * 1024

/** Splits the chunks of a stream into lines. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer | string): void {
    const lines = (this.#rest + (typeof chunk === 'string' ? chunk : this.#decoder.write(chunk))).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (this.#rest.length > longestLine) this.#flush(beforeCut(this.#rest))
  }

  /** Passes on the last line if it has no line break. */
  end(): void {
    this.#rest += this.#decoder.end()
    if (this.#rest !== '') this.#flush(this.#rest)
  }

  #flush(part: string): void {
    if (part !== '') this.#onLine(part)
    this.#rest = this.#rest.slice(part.length)
  }
}
