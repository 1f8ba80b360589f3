import { type KeyObject, sign } from 'node:crypto'

/*
 * PKCS #10 (RFC 2986) in DER. Node can make keys and signatures, and has nothing that makes a request.
 */

// Object identifiers in DER: organizationName and commonName of RFC 5280, ecdsa-with-SHA256 of RFC 5758.
const oid = {
  organization: Buffer.from('0603' + '55040a', 'hex'),
  commonName: Buffer.from('0603' + '550403', 'hex'),
  ecdsaWithSha256: Buffer.from('0608' + '2a8648ce3d040302', 'hex'),
}

/** Tags of ASN.1. */
const tag = { integer: 0x02, bits: 0x03, utf8: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 }

/** For whom a certificate is asked. Kubernetes takes the common name for the user, and organizations for groups. */
export interface Subject {
  readonly user: string
  readonly groups: readonly string[]
}

/** A request to sign a certificate for a user, PEM. `publicKey` and `privateKey`: a pair of keys on an elliptic curve. */
export function signingRequest(
  { user, groups }: Subject,
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): string {
  const name = [...groups.map(group => nameOf(oid.organization, group)), nameOf(oid.commonName, user)]
  const about = der(tag.sequence, [
    der(tag.integer, [Buffer.from([0])]),
    der(tag.sequence, name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tag.attributes, []),
  ])
  const signature = sign('sha256', about, privateKey)
  const request = der(tag.sequence, [
    about,
    der(tag.sequence, [oid.ecdsaWithSha256]),
    // The first byte counts the bits of the last one that are not used.
    der(tag.bits, [Buffer.from([0]), signature]),
  ])
  const lines = request.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}

function nameOf(type: Buffer, value: string): Buffer {
  return der(tag.set, [der(tag.sequence, [type, der(tag.utf8, [Buffer.from(value)])])])
}

function der(kind: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([kind]), lengthOf(content.length), content])
}

// A length below 128 is one byte; of a longer one the first byte counts the bytes that follow.
function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 + bytes.length, ...bytes])
}
