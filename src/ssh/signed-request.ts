import ssh2, { type Client, type ParsedKey } from 'ssh2'
import { Fields, field, typeOf } from './fields.ts'

interface PacketWriter {
  readonly allocStart: number
  alloc(size: number): Buffer
  finalize(packet: Buffer, force?: boolean): Buffer
}

const userauthRequest = 50

/**
 * Sends signatures that ssh2 1.17 cannot write: those for certificates, whose type differs from the type of the key shown,
 * and those of FIDO keys, which have fields after the signature. ssh2 asks for a signature and writes a request with it.
 * This class replaces that request by its own (RFC 4252, section 7).
 */
export class SignedRequests {
  #payload: Buffer | undefined

  /** Must be called once the connection is encrypted. */
  attach(client: Client): void {
    // This is no public API of ssh2, so package.json pins the minor version, and tests log in with such keys.
    const { write } = (client as unknown as { _protocol: { _packetRW: { write: PacketWriter } } })._protocol._packetRW
    const finalize = write.finalize.bind(write)
    write.finalize = (packet, force) => {
      const payload = this.#payload
      if (payload === undefined || packet[write.allocStart] !== userauthRequest) return finalize(packet, force)
      this.#payload = undefined
      const whole = write.alloc(payload.length)
      payload.copy(whole, write.allocStart)
      return finalize(whole, force)
    }
  }

  /** Replaces the next request. `signed` is the signed data, the session id and then the request; `signature` is complete. */
  replaceNext(signed: Buffer, signature: Buffer): void {
    const session = new Fields(signed).bytes()
    this.#payload = Buffer.concat([signed.subarray(4 + (session?.length ?? 0)), field(signature)])
  }
}

// Any key will do, because everything that ssh2 uses of it is overridden below.
const template = ssh2.utils.parseKey(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
) as ParsedKey

/** A key of a type that ssh2 does not know, with the parts that ssh2 needs to offer it to a server. */
export function foreignKey(blob: Buffer, extra: Partial<Pick<ParsedKey, 'sign' | 'isPrivateKey'>> = {}): ParsedKey {
  // An RSA certificate is used with SHA-2. Only the name of the algorithm tells the server so.
  const type = typeOf(blob).replace(/^ssh-rsa-cert/, 'rsa-sha2-512-cert')
  const overrides = { type, getPublicSSH: () => blob, ...extra }
  return Object.create(
    template,
    Object.fromEntries(Object.entries(overrides).map(([name, value]) => [name, { value }])),
  ) as ParsedKey
}

/** The complete signature with a private key that ssh2 has read. Returns an error if the key cannot sign. */
export function wholeSignature(key: ParsedKey, data: Buffer): Buffer | Error {
  const rsa = key.type === 'ssh-rsa'
  const raw: unknown = key.sign(data, rsa ? 'sha512' : undefined)
  if (raw instanceof Error) return raw
  const signature = raw as Buffer
  const type = rsa ? 'rsa-sha2-512' : key.type
  return Buffer.concat([field(type), field(key.type.startsWith('ecdsa-') ? fromDer(signature) : signature)])
}

// OpenSSL encodes the two numbers of an ECDSA signature in DER (SEQUENCE of INTEGERs). SSH expects them as two fields. Both
// encode a number in the same way.
function fromDer(der: Buffer): Buffer {
  let at = der[1] === 0x81 ? 3 : 2
  const integer = (): Buffer => {
    const length = der[at + 1] ?? 0
    const value = der.subarray(at + 2, at + 2 + length)
    at += 2 + length
    return field(value)
  }
  return Buffer.concat([integer(), integer()])
}
