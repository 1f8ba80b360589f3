import { createPrivateKey, type KeyObject } from 'node:crypto'
// ssh2 is CommonJS: some of its names are only on the whole.
import ssh2, { type ParsedKey } from 'ssh2'
import { Fields, field, typeOf } from './fields.ts'

/** What a key file holds, as far as it can be told without its passphrase. */
export type KeyFile =
  | { readonly kind: 'private'; readonly key: ParsedKey }
  | { readonly kind: 'public'; readonly blob: Buffer }
  | { readonly kind: 'encrypted'; readonly blob: Buffer | undefined }
  | { readonly kind: 'unusable'; readonly reason: string; readonly blob: Buffer | undefined }

/**
 * Reads a private key: OpenSSH's format, PEM of OpenSSL (PKCS#1, SEC 1) and PKCS#8, encrypted ones with a passphrase.
 * Files of public keys are told apart. Never throws.
 */
export function readKeyFile(text: string, passphrase: string | undefined): KeyFile {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/m.exec(text)?.[1]
  if (label === undefined) {
    const blob = publicBlob(text)
    return blob === undefined ? { kind: 'unusable', reason: 'not a private key', blob } : { kind: 'public', blob }
  }
  if (label === 'PRIVATE KEY' || label === 'ENCRYPTED PRIVATE KEY')
    return readPkcs8(text, label.startsWith('ENCRYPTED'), passphrase)
  const header = label === 'OPENSSH PRIVATE KEY' ? opensshHeader(text) : undefined
  const encrypted = header === undefined ? text.includes('ENCRYPTED') : header.encrypted
  if (header?.type.startsWith('sk-') === true)
    return { kind: 'unusable', reason: `a FIDO key (${header.type}), which evcctl cannot use`, blob: header.blob }
  if (encrypted && passphrase === undefined) return { kind: 'encrypted', blob: header?.blob }
  const parsed = firstKey(ssh2.utils.parseKey(text, passphrase))
  if (!(parsed instanceof Error)) return { kind: 'private', key: parsed }
  if (encrypted) return { kind: 'encrypted', blob: header?.blob }
  return { kind: 'unusable', reason: `not a private key that can be used (${parsed.message})`, blob: header?.blob }
}

/** The public key of a line of a `.pub` file; undefined when there is none. */
export function publicBlob(text: string): Buffer | undefined {
  const [, type, base64] = /^\s*([a-z][\w@.-]*)\s+([A-Za-z0-9+/]+={0,2})(\s|$)/.exec(text) ?? []
  const blob = Buffer.from(base64 ?? '', 'base64')
  return typeOf(blob) === type ? blob : undefined
}

// The beginning of OpenSSH's format is not encrypted (PROTOCOL.key): cipher, kdf, its options, count, public key.
function opensshHeader(
  text: string,
): { readonly encrypted: boolean; readonly type: string; readonly blob: Buffer } | undefined {
  const base64 = /-----BEGIN [A-Z ]+-----([^-]*)-----END/.exec(text)?.[1] ?? ''
  const bytes = Buffer.from(base64, 'base64')
  const magic = 'openssh-key-v1\0'
  if (bytes.toString('latin1', 0, magic.length) !== magic) return undefined
  const fields = new Fields(bytes.subarray(magic.length))
  const cipher = fields.bytes()?.toString('latin1')
  fields.bytes()
  fields.bytes()
  fields.number()
  const blob = fields.bytes()
  const type = blob === undefined ? undefined : new Fields(blob).bytes()?.toString('latin1')
  return blob === undefined || type === undefined ? undefined : { encrypted: cipher !== 'none', type, blob }
}

// ssh2 does not read PKCS#8, but what Node makes of it.
function readPkcs8(text: string, encrypted: boolean, passphrase: string | undefined): KeyFile {
  if (encrypted && passphrase === undefined) return { kind: 'encrypted', blob: undefined }
  try {
    const key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) })
    const parsed = firstKey(ssh2.utils.parseKey(forSsh2(key)))
    if (!(parsed instanceof Error)) return { kind: 'private', key: parsed }
    return { kind: 'unusable', reason: `not a private key that can be used (${parsed.message})`, blob: undefined }
  } catch (error) {
    if (encrypted) return { kind: 'encrypted', blob: undefined }
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'unusable', reason: `not a private key that can be used (${reason})`, blob: undefined }
  }
}

function forSsh2(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ format: 'pem', type: 'pkcs1' }).toString()
    case 'ec':
      return key.export({ format: 'pem', type: 'sec1' }).toString()
    case 'ed25519':
      return openssh(key)
    default:
      throw new Error(`keys of the type ${key.asymmetricKeyType} are not for SSH`)
  }
}

// OpenSSH's format, not encrypted: the only one in which ssh2 reads ed25519 keys.
function openssh(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  const secret = Buffer.from(d, 'base64url')
  const open = Buffer.from(x, 'base64url')
  const type = Buffer.from('ssh-ed25519')
  const check = Buffer.alloc(8)
  const body = [check, field(type), field(open), field(Buffer.concat([secret, open])), field(Buffer.alloc(0))]
  const length = body.reduce((sum, part) => sum + part.length, 0)
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_none, index) => index + 1))
  const none = field(Buffer.from('none'))
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    none,
    none,
    field(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([field(type), field(open)])),
    field(Buffer.concat([...body, padding])),
  ])
  const lines = whole.toString('base64').replace(/.{1,70}/g, '$&\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`
}

// Some formats hold several keys; typings say one.
function firstKey(parsed: ParsedKey | Error | readonly ParsedKey[]): ParsedKey | Error {
  if (!Array.isArray(parsed)) return parsed as ParsedKey | Error
  return (parsed as readonly ParsedKey[])[0] ?? new Error('no key in it')
}
