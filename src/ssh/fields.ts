/** Reads what messages and keys of SSH are made of (RFC 4251, section 5); undefined where they are cut off. */
export class Fields {
  #rest: Buffer

  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  number(): number | undefined {
    if (this.#rest.length < 4) return undefined
    const value = this.#rest.readUInt32BE(0)
    this.#rest = this.#rest.subarray(4)
    return value
  }

  bytes(): Buffer | undefined {
    const length = this.number()
    if (length === undefined || this.#rest.length < length) return undefined
    const value = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return value
  }
}

/** Bytes with their length before them: a `string` of the protocol. */
export function field(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

/** The type that a key or signature begins with, e.g. `ssh-ed25519`; `unknown` when there is none. */
export function typeOf(blob: Buffer): string {
  const type = new Fields(blob).bytes()?.toString('latin1', 0, 64) ?? ''
  // The server writes it, and it gets into a line of known_hosts: only what is a name (RFC 4251, 6) stays.
  return /^[\w.@+-]+$/.test(type) ? type : 'unknown'
}
