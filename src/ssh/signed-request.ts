import ssh2, { type Client, type ParsedKey } from 'ssh2'
import { Fields, field, typeOf } from './fields.ts'

interface PacketWriter {
  readonly allocStart: number
  alloc(size: number): Buffer
  finalize(packet: Buffer, force?: boolean): Buffer
}

const userauthRequest = 50

/**
 * Sends signatures that ssh2 1.17 cannot write: of certificates, whose signature has another type than the key shown,
 * and of FIDO keys, which have fields after the signature. ssh2 asks for the signature and writes a request with it; that
 * request is replaced by one that is made here (RFC 4252 section 7).
 */
export class SignedRequests {
  #payload: Buffer | undefined

  /** Must be called once the connection is encrypted. */
  attach(client: Client): void {
    // Not a public part of ssh2: package.json pins the minor version, and tests log in with such keys.
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

  /** What was signed, which is the session and then the request, and the whole signature. */
  replaceNext(signed: Buffer, signature: Buffer): void {
    const session = new Fields(signed).bytes()
    this.#payload = Buffer.concat([signed.subarray(4 + (session?.length ?? 0)), field(signature)])
  }
}

// Any key: what ssh2 asks of it is overridden below.
const template = ssh2.utils.parseKey(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
) as ParsedKey

/** A key of a type that ssh2 does not know, as far as it needs one to ask a server about it. */
export function foreignKey(blob: Buffer, extra: Partial<Pick<ParsedKey, 'sign' | 'isPrivateKey'>> = {}): ParsedKey {
  // RSA signs with SHA-2, which only the name of the algorithm says.
  const type = typeOf(blob).replace(/^ssh-rsa-cert/, 'rsa-sha2-512-cert')
  const overrides = { type, getPublicSSH: () => blob, ...extra }
  return Object.create(
    template,
    Object.fromEntries(Object.entries(overrides).map(([name, value]) => [name, { value }])),
  ) as ParsedKey
}

/** The whole signature of a private key that ssh2 has read. Gives its error where it cannot sign. */
export function wholeSignature(key: ParsedKey, data: Buffer): Buffer | Error {
  const rsa = key.type === 'ssh-rsa'
  const raw: unknown = key.sign(data, rsa ? 'sha512' : undefined)
  if (raw instanceof Error) return raw
  const signature = raw as Buffer
  const type = rsa ? 'rsa-sha2-512' : key.type
  return Buffer.concat([field(type), field(key.type.startsWith('ecdsa-') ? fromDer(signature) : signature)])
}

// OpenSSL gives the two numbers of ECDSA in DER (SEQUENCE of INTEGERs), SSH wants them one after the other; both write
// numbers in the same way.
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
