import { Buffer } from 'node:buffer'
import { limits } from '../core/limits.ts'
import { TooMuch } from './protocol-error.ts'

const newline = 0x0a

/** Receives what a framer finds in a stream, in order. */
export interface FrameSink {
  /** Output between two markers. */
  body(bytes: Buffer): void
  /** A newline arrived last. It belongs to the output or begins a marker; in both cases it ends the line. */
  lineEnd(): void
  /** The words of a marker. */
  mark(words: readonly string[]): void
}

/**
 * Cuts a stream at the marker lines of one exchange. A marker is a newline of its own, the nonce, words, and a newline. So
 * output without a newline at its end is passed on exactly, and so is output that only looks like a marker.
 */
export class Framer {
  readonly #prefix: Buffer
  readonly #sink: FrameSink
  readonly #markerBytes: number
  // Bytes that may be the beginning of a marker; never more than a marker line.
  #held: Buffer = Buffer.alloc(0)

  constructor(nonce: string, sink: FrameSink, markerBytes = limits.markerBytes) {
    this.#prefix = Buffer.from(`\n${nonce} `)
    this.#sink = sink
    this.#markerBytes = markerBytes
  }

  /** Raises TooMuch for a marker line beyond its bound before copying it, so what is held stays bounded. */
  push(chunk: Buffer): void {
    let data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    for (;;) {
      const at = data.indexOf(this.#prefix)
      if (at < 0) break
      const words = at + this.#prefix.length
      const end = data.indexOf(newline, words)
      if ((end < 0 ? data.length : end) - words > this.#markerBytes)
        throw new TooMuch('a line of evcctl’s own protocol', this.#markerBytes)
      if (end < 0) {
        this.#emit(data.subarray(0, at))
        this.#hold(data.subarray(at))
        return
      }
      this.#emit(data.subarray(0, at))
      this.#sink.mark(data.toString('latin1', words, end).split(' '))
      data = data.subarray(end + 1)
    }
    const keep = this.#beginningOfPrefix(data)
    this.#emit(data.subarray(0, data.length - keep))
    this.#hold(data.subarray(data.length - keep))
    if (keep === 1) this.#sink.lineEnd()
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > 0) this.#sink.body(bytes)
  }

  // A copy, so that a few bytes do not keep a whole chunk alive.
  #hold(bytes: Buffer): void {
    this.#held = Buffer.from(bytes)
  }

  // How many bytes at the end may be the beginning of a marker.
  #beginningOfPrefix(data: Buffer): number {
    const at = data.lastIndexOf(newline)
    if (at < 0) return 0
    const length = data.length - at
    return length < this.#prefix.length && data.compare(this.#prefix, 0, length, at) === 0 ? length : 0
  }
}
