import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import type { ParsedKey } from 'ssh2'
import { localFileBytes } from '../core/limits.ts'
import { LocalFileError, readLocalFile } from '../core/local-file.ts'
import type { Secret } from '../core/secret.ts'
import { credential } from '../shell/script.ts'
import { shortPath } from './home.ts'
import { publicBlob, readKeyFile } from './private-key.ts'
import { word } from './word.ts'

/** A private key that can be used, or why it cannot. */
export type Identity =
  | { readonly file: string; readonly key: ParsedKey }
  | {
      readonly file: string
      readonly reason: string
      readonly encrypted: boolean
      /** Whether it would do once nobody else may read it. */
      readonly exposed?: true
      /** Its public half, where that is known: the agent may have the private one. */
      readonly blob: Buffer | undefined
    }

/**
 * The private keys of one pool. Each file is read and decrypted once with each passphrase that is given for it, however
 * many hosts use it.
 */
export class KeyRing {
  readonly #keys = new Map<string, Map<string | undefined, Promise<Identity>>>()

  load(file: string, passphrase: Secret | undefined): Promise<Identity> {
    const ofFile = this.#keys.get(file) ?? new Map<string | undefined, Promise<Identity>>()
    this.#keys.set(file, ofFile)
    const given = passphraseDigest(passphrase)
    const loading = ofFile.get(given) ?? loadIdentity(file, passphrase)
    ofFile.set(given, loading)
    return loading
  }
}

/** Passphrases are only told apart by it; it is never written anywhere. */
export function passphraseDigest(passphrase: Secret | undefined): string | undefined {
  return passphrase === undefined ? undefined : createHash('sha256').update(credential(passphrase)).digest('base64')
}

/** Reads a private key file, and opens it with the passphrase where it is encrypted. */
export async function loadIdentity(file: string, passphrase: Secret | undefined): Promise<Identity> {
  let text: string
  let exposed: string | undefined
  try {
    exposed = exposedMode(statSync(file))
    text = readLocalFile(file, localFileBytes.key).toString('latin1')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'no such file' : `cannot be read (${whyUnread(error, code)})`
    return { file, reason, encrypted: false, blob: besideKey(file) }
  }
  const found = readKeyFile(text, passphrase === undefined ? undefined : credential(passphrase))
  if (exposed !== undefined && (found.kind === 'private' || found.kind === 'encrypted')) {
    const own = found.kind === 'private' ? found.key.getPublicSSH() : found.blob
    const blob = besideKey(file) ?? own
    return { file, reason: `others may read it (mode ${exposed})`, encrypted: false, exposed: true, blob }
  }
  switch (found.kind) {
    case 'private':
      return { file, key: found.key }
    case 'public':
      return {
        file,
        reason: 'a public key, and the agent does not have its private half',
        encrypted: false,
        blob: found.blob,
      }
    case 'encrypted': {
      const why = passphrase === undefined ? 'no passphrase is given' : 'the passphrase does not open it'
      return { file, reason: `encrypted, and ${why}`, encrypted: true, blob: besideKey(file) ?? found.blob }
    }
    case 'unusable':
      return { file, reason: found.reason, encrypted: false, blob: besideKey(file) ?? found.blob }
  }
}

// OpenSSH does the same (authfile.c, sshkey_perm_ok): the mode matters only for a file that the user owns.
function exposedMode({ uid, mode }: { readonly uid: number; readonly mode: number }): string | undefined {
  if (uid !== process.getuid?.() || (mode & 0o077) === 0) return undefined
  return `0${(mode & 0o777).toString(8)}`
}

// Beside a private key lies its public half.
function besideKey(file: string): Buffer | undefined {
  const text = textOfKey(`${file}.pub`)
  return text === undefined ? undefined : publicBlob(text)
}

/** Text of a file with a public key or certificate; undefined where there is none that can be read. */
export function textOfKey(file: string): string | undefined {
  try {
    return readLocalFile(file, localFileBytes.key).toString('latin1')
  } catch {
    return undefined
  }
}

function whyUnread(error: unknown, code: unknown): string {
  return error instanceof LocalFileError ? error.message : String(code)
}

/** The public half of an identity, where it is known. */
export function publicKeyOf(identity: Identity): Buffer | undefined {
  return 'key' in identity ? identity.key.getPublicSSH() : identity.blob
}

/** The command that makes a key usable that others may read. */
export function exposedCure(file: string): string {
  return `chmod 600 ${word(shortPath(file))}   (then run this again; ssh, too, leaves such a key out)`
}

/** `key ~/.ssh/id_ed25519 (ssh-ed25519)`. */
export function describeIdentity(identity: Identity): string {
  return 'key' in identity
    ? `key ${shortPath(identity.file)} (${identity.key.type})`
    : `key ${shortPath(identity.file)} not tried: ${identity.reason}`
}
