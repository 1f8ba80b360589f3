import { readFile } from 'node:fs/promises'
// ssh2 is CommonJS: some of its names are only on the whole.
import ssh2, { type ParsedKey } from 'ssh2'
import type { Secret } from '../core/secret.ts'
import { credential } from '../shell/script.ts'
import { shortPath } from './failure.ts'

/** A private key that can be used, or why it cannot. */
export type Identity =
  | { readonly file: string; readonly key: ParsedKey }
  | { readonly file: string; readonly reason: string; readonly encrypted: boolean }

/** The private keys of one pool. Each file is read and decrypted once, however many hosts use it. */
export class KeyRing {
  readonly #keys = new Map<string, Promise<Identity>>()

  load(file: string, passphrase: Secret | undefined): Promise<Identity> {
    const known = this.#keys.get(file)
    if (known !== undefined) return known
    const loading = loadIdentity(file, passphrase)
    this.#keys.set(file, loading)
    return loading
  }
}

/** Reads a private key file, and opens it with the passphrase where it is encrypted. */
export async function loadIdentity(file: string, passphrase: Secret | undefined): Promise<Identity> {
  let text: Buffer
  try {
    text = await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { file, reason: code === 'ENOENT' ? 'no such file' : `cannot be read (${String(code)})`, encrypted: false }
  }
  const plain = firstKey(ssh2.utils.parseKey(text))
  if (plain instanceof Error) {
    // ssh2 tells an encrypted key only by the words of its message.
    if (!/no passphrase given|encrypted/i.test(plain.message))
      return { file, reason: `not a private key that can be used (${plain.message})`, encrypted: false }
    if (passphrase === undefined) return { file, reason: 'encrypted, and no passphrase is given', encrypted: true }
    const opened = firstKey(ssh2.utils.parseKey(text, credential(passphrase)))
    if (opened instanceof Error)
      return { file, reason: 'encrypted, and the passphrase does not open it', encrypted: true }
    return { file, key: opened }
  }
  if (!plain.isPrivateKey()) return { file, reason: 'a public key; the private one is wanted', encrypted: false }
  return { file, key: plain }
}

// Some formats hold several keys; typings say one.
function firstKey(parsed: ParsedKey | Error | readonly ParsedKey[]): ParsedKey | Error {
  if (!Array.isArray(parsed)) return parsed as ParsedKey | Error
  return (parsed as readonly ParsedKey[])[0] ?? new Error('no key in it')
}

/** The public halves of identity files, `<file>.pub` where the private one cannot be opened. */
export async function publicKeys(identities: readonly Identity[]): Promise<Buffer[]> {
  const found = await Promise.all(
    identities.map(async identity => {
      if ('key' in identity) return identity.key.getPublicSSH()
      const text = await readFile(`${identity.file}.pub`).catch(() => undefined)
      const key = text === undefined ? undefined : firstKey(ssh2.utils.parseKey(text))
      return key === undefined || key instanceof Error ? undefined : key.getPublicSSH()
    }),
  )
  return found.filter(key => key !== undefined)
}

/** An agent that may be limited to some keys (IdentitiesOnly), and remembers what it offered, for the error message. */
export class Agent extends ssh2.OpenSSHAgent {
  readonly #only: readonly Buffer[] | undefined
  /** What came of asking it, e.g. `3 keys`. */
  outcome = 'not asked'

  constructor(socket: string, only: readonly Buffer[] | undefined) {
    super(socket)
    this.#only = only
  }

  override getIdentities(callback: Parameters<ssh2.OpenSSHAgent['getIdentities']>[0]): void {
    super.getIdentities((error, keys) => {
      if (error) {
        this.outcome = `cannot be used (${error.message})`
        callback(error)
        return
      }
      const wanted = (keys ?? []).filter(key => 'getPublicSSH' in key && this.#wants(key.getPublicSSH()))
      this.outcome = wanted.length === 1 ? '1 key' : `${wanted.length} keys`
      callback(undefined, wanted)
    })
  }

  #wants(key: Buffer): boolean {
    return this.#only === undefined || this.#only.some(wanted => wanted.equals(key))
  }
}

/** `key ~/.ssh/id_ed25519 (ssh-ed25519)`. */
export function describeIdentity(identity: Identity): string {
  return 'key' in identity
    ? `key ${shortPath(identity.file)} (${identity.key.type})`
    : `key ${shortPath(identity.file)} not tried: ${identity.reason}`
}
