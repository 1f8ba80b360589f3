import { link, lstat, mkdir, writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { dirname } from 'node:path'
import ssh2, { type ParsedKey } from 'ssh2'
import { exitCodes, UserError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { listAgentKeys } from '../agent-keys.ts'
import { shortPath } from '../home.ts'
import { exposedCure, loadIdentity, textOfKey } from '../keys.ts'
import { fingerprint } from '../known-hosts.ts'
import { writeBeside } from '../private-file.ts'
import { word } from '../word.ts'

const passphraseTries = 3

/** The key pair for the logins. */
export interface SetupIdentity {
  /** Private key file. */
  readonly file: string
  /** True if the file did not exist before. With `dryRun` it still does not exist. */
  readonly made: boolean
  /** `ssh-ed25519 SHA256:…`; undefined with `dryRun` if the key does not exist yet. */
  readonly fingerprint: string | undefined
  /** The line for authorized_keys, e.g. `ssh-ed25519 AAAA… ann@laptop`. */
  readonly publicLine: string | undefined
  readonly passphrase: Secret | undefined
}

export interface IdentityOptions {
  /** Passphrase from cluster.yaml. */
  readonly passphrase: Secret | undefined
  /** Socket of the agent, which may hold an encrypted key in decrypted form. */
  readonly agentSocket: string | undefined
  readonly dryRun: boolean
  /** Asks for a passphrase; left out if nobody can be asked. */
  readonly askPassphrase?: (file: string, again: boolean) => Promise<Secret>
}

/**
 * Reads a key pair, or makes one if there is none (ed25519, no passphrase, mode 0600). An existing file is never
 * overwritten. Raises UserError if the key cannot be used, or if it is encrypted and nothing can decrypt it.
 */
export async function prepareIdentity(file: string, options: IdentityOptions): Promise<SetupIdentity> {
  let identity = await loadIdentity(file, options.passphrase)
  if ('key' in identity) return usable(file, identity.key, options.passphrase, false)
  if (identity.reason === 'no such file') {
    if (options.dryRun)
      return { file, made: true, fingerprint: undefined, publicLine: undefined, passphrase: undefined }
    return usable(file, await makeKey(file), undefined, true)
  }
  if ('exposed' in identity) throw exposed(file, identity.reason)
  if (!identity.encrypted) throw unusable(file, identity.reason)
  const open = await publicKeyOf(file)
  if (open !== undefined && (await agentHolds(options.agentSocket, open))) return usable(file, open, undefined, false)
  if (options.askPassphrase === undefined) throw locked(file, identity.reason)
  for (let tries = 0; tries < passphraseTries; tries++) {
    const passphrase = await options.askPassphrase(file, tries > 0)
    identity = await loadIdentity(file, passphrase)
    if ('key' in identity) return usable(file, identity.key, passphrase, false)
  }
  throw locked(file, identity.reason)
}

async function usable(
  file: string,
  key: ParsedKey,
  passphrase: Secret | undefined,
  made: boolean,
): Promise<SetupIdentity> {
  const blob = key.getPublicSSH()
  const comment = (await publicKeyOf(file))?.comment || key.comment || defaultComment()
  return {
    file,
    made,
    fingerprint: `${key.type} ${fingerprint(blob)}`,
    // A comment is free text. A line break in it would add a second line to authorized_keys.
    publicLine: `${key.type} ${blob.toString('base64')} ${comment.replace(/[^\x20-\x7e]/g, '')}`.trimEnd(),
    passphrase,
  }
}

function defaultComment(): string {
  return `${userInfo().username}@${hostname()}`
}

async function publicKeyOf(file: string): Promise<ParsedKey | undefined> {
  const text = textOfKey(`${file}.pub`)
  const parsed: unknown = text === undefined ? undefined : ssh2.utils.parseKey(text.trim())
  return parsed === undefined || parsed instanceof Error ? undefined : ([parsed].flat()[0] as ParsedKey)
}

async function agentHolds(socket: string | undefined, key: ParsedKey): Promise<boolean> {
  if (socket === undefined) return false
  const keys = await listAgentKeys(socket).catch(() => [])
  return keys.some(({ blob }) => blob.equals(key.getPublicSSH()))
}

async function makeKey(file: string): Promise<ParsedKey> {
  // Without this check, a public key whose private key is elsewhere (in an agent, on a token) would be overwritten.
  if ((await lstat(`${file}.pub`).catch(() => undefined)) !== undefined)
    throw unusable(file, `no such file, but ${shortPath(file)}.pub exists: its private half is somewhere else`)
  const pair = newKeyPair()
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    // link(2) fails if the file exists, so no other file is ever overwritten.
    await writeBeside(file, pair.private, temporary => link(temporary, file))
    await writeFile(`${file}.pub`, `${pair.public}\n`, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    throw unusable(file, `cannot be made: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  return pair.key
}

function newKeyPair(): { readonly private: string; readonly public: string; readonly key: ParsedKey } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: defaultComment() })
    const key: unknown = ssh2.utils.parseKey(pair.private)
    // One key pair in 256 is malformed: ssh2 drops a zero byte at the beginning of the public key. Then another one is made.
    if (!(key instanceof Error))
      return { private: pair.private, public: pair.public, key: [key].flat()[0] as ParsedKey }
  }
}

function unusable(file: string, reason: string, cause?: unknown): UserError {
  return new UserError(
    {
      where: shortPath(file),
      problem: 'this private key cannot be used',
      expected: 'a private key, or no file at all: then one is made',
      actual: reason,
      next: `ls -l ${word(shortPath(file))}*   (another key: evcctl ssh setup --identity-file PATH)`,
    },
    { cause, exitCode: exitCodes.badInput },
  )
}

function exposed(file: string, reason: string): UserError {
  return new UserError(
    {
      where: shortPath(file),
      problem: 'this private key cannot be used',
      expected: 'one that nobody else may read',
      actual: reason,
      next: exposedCure(file),
    },
    { exitCode: exitCodes.badInput },
  )
}

function locked(file: string, reason: string): UserError {
  return new UserError(
    {
      where: shortPath(file),
      problem: 'this private key cannot be opened',
      actual: reason,
      next: `ssh-add ${word(shortPath(file))}   (then run this again), or ssh.passphrase in cluster.yaml`,
    },
    { exitCode: exitCodes.badInput },
  )
}
