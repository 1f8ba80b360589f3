import { Buffer } from 'node:buffer'
import { afterCut } from '../core/cut.ts'
import { tailBytes } from '../core/limits.ts'

/** The last part of a stream, in bounded memory. */
export class Tail {
  readonly #limit: number
  #kept: Buffer = Buffer.alloc(0)

  constructor(limit = tailBytes) {
    this.#limit = limit
  }

  add(bytes: Buffer): void {
    this.#kept =
      bytes.length >= this.#limit
        ? Buffer.from(bytes.subarray(bytes.length - this.#limit))
        : Buffer.concat([this.#kept.subarray(Math.max(0, this.#kept.length + bytes.length - this.#limit)), bytes])
  }

  clear(): void {
    this.#kept = Buffer.alloc(0)
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0
  }

  /** As text, without the end of a character, or of a Secret, whose beginning was cut off. */
  text(): string {
    const full = this.#kept.length === this.#limit
    let from = 0
    while (full && from < 3 && ((this.#kept[from] ?? 0) & 0xc0) === 0x80) from++
    const text = this.#kept.toString('utf8', from)
    return full ? afterCut(text) : text
  }
}

/**
 * Calls `onLine` with each line that is not empty, also one that ends in a carriage return, as progress bars print. Of a long
 * line it passes only the end.
 */
export class Lines {
  readonly #onLine: (line: string) => void
  readonly #begun = new Tail()

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  add(bytes: Buffer): void {
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== 0x0a && byte !== 0x0d) continue
      // A host may send millions of empty lines.
      if (at > from || !this.#begun.isEmpty) {
        this.#begun.add(bytes.subarray(from, at))
        this.end()
      }
      from = at + 1
    }
    if (from < bytes.length) this.#begun.add(bytes.subarray(from))
  }

  /** Passes on the line that has begun, although nothing has ended it. */
  end(): void {
    const line = this.#begun.text()
    this.#begun.clear()
    if (line !== '') this.#onLine(line)
  }
}

/** A whole stream up to `most` bytes, in one buffer that grows: many small chunks cost no more than their bytes. */
export class Whole {
  #most: number
  #buffer: Buffer = Buffer.alloc(0)
  #kept = 0
  #length = 0

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most
  }

  /** How many bytes there were, with those that are not kept. */
  get length(): number {
    return this.#length
  }

  /** Whether there were more bytes than are kept. */
  get isCut(): boolean {
    return this.#length > this.#kept
  }

  add(all: Buffer): void {
    this.#length += all.length
    const bytes = all.subarray(0, this.#most - this.#kept)
    const length = this.#kept + bytes.length
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, Math.min(2 * this.#buffer.length, this.#most)))
      this.#buffer.copy(larger, 0, 0, this.#kept)
      this.#buffer = larger
    }
    bytes.copy(this.#buffer, this.#kept)
    this.#kept = length
  }

  /** Empties it, and sets another bound if one is given. */
  clear(most = this.#most): void {
    this.#most = most
    this.#buffer = Buffer.alloc(0)
    this.#kept = 0
    this.#length = 0
  }

  /** The bytes so far; not a copy. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#kept)
  }

  text(): string {
    return this.bytes().toString('utf8')
  }
}
