import { sizeText } from '../core/limits.ts'

/** What a host sent is not what a script of ours prints. */
export class ProtocolError extends Error {}

/** A host sent more than a bound allows. */
export class TooMuch extends ProtocolError {
  /** The bound, in words. */
  readonly expected: string

  constructor(what: string, limitBytes: number) {
    super(`${what} is too long`)
    this.expected = `at most ${sizeText(limitBytes)}`
  }
}
