import { sizeText } from '../core/limits.ts'

/** A host sent output that no script of evcctl prints. */
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
