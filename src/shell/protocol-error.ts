/** What a host sent is not what a script of ours prints. */
export class ProtocolError extends Error {}

/** A host sent more than a bound allows. */
export class TooMuch extends ProtocolError {
  /** The bound, in words. */
  readonly expected: string

  constructor(what: string, limitBytes: number) {
    super(`${what} is too long`)
    this.expected = `at most ${size(limitBytes)}`
  }
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`
}
