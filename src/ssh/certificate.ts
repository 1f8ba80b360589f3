import { ownValue } from '../core/own-value.ts'
import { Fields, field, typeOf } from './fields.ts'
import { textOfKey } from './keys.ts'
import { publicBlob } from './private-key.ts'

/** An OpenSSH user certificate (PROTOCOL.certkeys): a public key signed by an authority that the server trusts. */
export interface Certificate {
  readonly file: string
  readonly blob: Buffer
  /** The certified public key, without the certificate. */
  readonly key: Buffer
}

/** Certificate types, each with the type of its key and the number of fields of such a key. */
const types: Readonly<Record<string, { readonly plain: string; readonly fields: number }>> = {
  'ssh-ed25519-cert-v01@openssh.com': { plain: 'ssh-ed25519', fields: 1 },
  'ssh-rsa-cert-v01@openssh.com': { plain: 'ssh-rsa', fields: 2 },
  'ecdsa-sha2-nistp256-cert-v01@openssh.com': { plain: 'ecdsa-sha2-nistp256', fields: 2 },
  'ecdsa-sha2-nistp384-cert-v01@openssh.com': { plain: 'ecdsa-sha2-nistp384', fields: 2 },
  'ecdsa-sha2-nistp521-cert-v01@openssh.com': { plain: 'ecdsa-sha2-nistp521', fields: 2 },
  'sk-ssh-ed25519-cert-v01@openssh.com': { plain: 'sk-ssh-ed25519@openssh.com', fields: 2 },
  'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com': { plain: 'sk-ecdsa-sha2-nistp256@openssh.com', fields: 3 },
}

/** Types of FIDO keys. */
export const fidoTypes: readonly string[] = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com']

/** Whether a public key is a certificate that can be shown to a server. */
export function isCertificate(blob: Buffer): boolean {
  return Object.hasOwn(types, typeOf(blob))
}

/** The public key in a certificate; undefined when `blob` is not a certificate. */
export function keyOfCertificate(blob: Buffer): Buffer | undefined {
  const type = ownValue(types, typeOf(blob))
  if (type === undefined) return undefined
  const fields = new Fields(blob)
  // The type, and a nonce.
  fields.bytes()
  fields.bytes()
  const parts = Array.from({ length: type.fields }, () => fields.bytes())
  const whole = parts.filter(part => part !== undefined)
  if (whole.length < parts.length) return undefined
  return Buffer.concat([field(type.plain), ...whole.map(part => field(part))])
}

/** Reads certificates. Files that do not exist or hold no certificate are skipped, as OpenSSH does. */
export async function readCertificates(files: readonly string[]): Promise<readonly Certificate[]> {
  const found = await Promise.all(
    files.map(async (file): Promise<readonly Certificate[]> => {
      const text = textOfKey(file) ?? ''
      const blob = publicBlob(text)
      const key = blob === undefined ? undefined : keyOfCertificate(blob)
      return blob === undefined || key === undefined ? [] : [{ file, blob, key }]
    }),
  )
  return found.flat()
}
