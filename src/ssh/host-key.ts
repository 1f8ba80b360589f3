import type { HostError } from '../core/errors.ts'
import { LocalFileError } from '../core/local-file.ts'
import { hostError, sshCommand } from './failure.ts'
import { typeOf } from './fields.ts'
import { shortPath } from './home.ts'
import { fingerprint, judgeKey, type KeyVerdict, type KnownHost } from './known-hosts.ts'
import type { KnownHostsStore } from './known-hosts-store.ts'
import type { Endpoint } from './resolve.ts'
import { word } from './word.ts'

/** The verdict on the key that a host showed, before the host has proved that it has the private half. */
export type KeyCheck =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown'; readonly authorities: readonly KnownHost[] }
  | { readonly verdict: 'refused'; readonly error: HostError }

/** A host key that evcctl accepts. */
export interface AcceptedKey {
  /** Type and fingerprint, e.g. `ssh-ed25519 SHA256:…`. */
  readonly fingerprint: string
  /** True when the key was added to known_hosts just now. */
  readonly recorded: boolean
}

/** `ssh-ed25519 SHA256:…` */
export function describeKey(key: Buffer): string {
  return `${typeOf(key)} ${fingerprint(key)}`
}

/**
 * All lines of known_hosts about an endpoint, of its own files and of the machine's. Rejects with HostError when a file
 * cannot be read.
 */
export async function findEntries(
  endpoint: Endpoint,
  store: KnownHostsStore,
  name = endpoint.knownHosts.name,
): Promise<KnownHost[]> {
  const { files, globalFiles } = endpoint.knownHosts
  try {
    return await store.find([...files, ...globalFiles], name)
  } catch (error) {
    throw unreadableError(endpoint, error)
  }
}

// A line without a port is from before the port was changed, or of another server on that machine: it may vouch for the
// key or revoke it, but another key there is no change (check_host_key of OpenSSH's sshconnect.c).
async function judge(endpoint: Endpoint, store: KnownHostsStore, key: Buffer): Promise<KeyVerdict> {
  const judged = judgeKey(await findEntries(endpoint, store), key)
  const { nameWithoutPort } = endpoint.knownHosts
  if (judged.verdict !== 'unknown' || nameWithoutPort === undefined) return judged
  const withoutPort = judgeKey(await findEntries(endpoint, store, nameWithoutPort), key)
  return withoutPort.verdict === 'known' || withoutPort.verdict === 'revoked' ? withoutPort : judged
}

/** Checks the key that a host showed, without recording it. */
export async function checkHostKey(endpoint: Endpoint, store: KnownHostsStore, key: Buffer): Promise<KeyCheck> {
  const judged = await judge(endpoint, store, key)
  const actual = describeKey(key)
  const { revokedFile } = endpoint.knownHosts
  if (judged.verdict === 'revoked')
    return { verdict: 'refused', error: revokedError(endpoint, place(judged.by), actual) }
  if (revokedFile !== undefined) {
    try {
      if (await store.isRevoked(revokedFile, key))
        return { verdict: 'refused', error: revokedError(endpoint, shortPath(revokedFile), actual) }
    } catch (error) {
      return { verdict: 'refused', error: unreadableRevoked(endpoint, revokedFile, error) }
    }
  }
  if (judged.verdict === 'changed')
    return { verdict: 'refused', error: changedError(endpoint, judged.expected, actual) }
  return judged
}

/**
 * Takes in the unknown key of a host that has proved to own it. Under strict, `onUnknown` is told of it before it is
 * refused. Rejects with HostError.
 */
export async function acceptUnknown(
  endpoint: Endpoint,
  store: KnownHostsStore,
  key: Buffer,
  authorities: readonly KnownHost[],
  onUnknown?: (endpoint: Endpoint, key: Buffer) => void,
): Promise<AcceptedKey> {
  const { files, name, policy, mustRecord } = endpoint.knownHosts
  const actual = describeKey(key)
  if (policy === 'strict') {
    onUnknown?.(endpoint, key)
    throw unknownError(endpoint, authorities, actual)
  }
  const [file] = files
  if (file === undefined) {
    if (mustRecord) throw nowhereToRecord(endpoint, actual)
    return { recorded: false, fingerprint: actual }
  }
  const judged = await store.record(file, name, key).catch(error => {
    throw unwritableError(endpoint, file, error)
  })
  if (judged.verdict === 'changed') throw changedError(endpoint, judged.expected, actual)
  if (judged.verdict === 'revoked') throw revokedError(endpoint, place(judged.by), actual)
  return { recorded: true, fingerprint: actual }
}

const fileInClusterYaml = 'ssh.knownHosts.file: ~/.ssh/known_hosts'

function nowhereToRecord(endpoint: Endpoint, actual: string): HostError {
  return hostError(endpoint, 'host key', {
    problem: 'its host key is not known, and there is no file to record it in. Nothing was sent.',
    expected: 'a known_hosts file; UserKnownHostsFile of the ssh configuration names none (or /dev/null)',
    actual,
    next: `Name one in cluster.yaml: ${fileInClusterYaml}   then: ${endpoint.knownHosts.acceptCommand}`,
  })
}

function revokedError(endpoint: Endpoint, by: string, actual: string): HostError {
  return hostError(endpoint, 'host key', {
    problem: 'its host key is revoked. Nothing was sent.',
    expected: `any other key: ${by} has it as revoked`,
    actual,
    next: 'Give the machine a new host key: ssh-keygen -A on it, after removing /etc/ssh/ssh_host_*',
  })
}

function unreadableRevoked(endpoint: Endpoint, file: string, error: unknown): HostError {
  return hostError(
    endpoint,
    'host key',
    {
      problem: 'evcctl cannot find out whether its host key is revoked. Nothing was sent.',
      expected: `RevokedHostKeys of the ssh configuration names a text file of public keys, one a line`,
      actual: `${shortPath(file)}: ${error instanceof Error ? error.message : String(error)}`,
      next: `ls -l ${word(shortPath(file))}   (ssh-keygen -Q -f ${word(shortPath(file))} -l lists a KRL)`,
    },
    error,
  )
}

function unreadableError(endpoint: Endpoint, error: unknown): HostError {
  const { files, globalFiles } = endpoint.knownHosts
  return hostError(
    endpoint,
    'host key',
    {
      problem: 'evcctl cannot find out whether its host key is known. Nothing was sent.',
      expected: `these can be read, where they exist: ${[...files, ...globalFiles].map(shortPath).join(', ')}`,
      actual: error instanceof Error ? error.message : String(error),
      next:
        error instanceof Error && error.cause instanceof LocalFileError
          ? `Name a file in cluster.yaml: ${fileInClusterYaml}`
          : 'Run the same command again; ulimit -n tells how many files it may open at a time.',
    },
    error,
  )
}

function place(entry: KnownHost): string {
  return `${shortPath(entry.file)} line ${entry.line}`
}

function changedError(endpoint: Endpoint, expected: readonly KnownHost[], actual: string): HostError {
  const { name, acceptCommand } = endpoint.knownHosts
  const files = [...new Set(expected.map(entry => entry.file))]
  const remove = files.map(file => `ssh-keygen -R ${word(name)} -f ${word(shortPath(file))}`).join(' && ')
  return hostError(endpoint, 'host key', {
    problem: 'its host key has changed. Nothing was sent.',
    expected: expected
      .map(entry => `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}  ${place(entry)}`)
      .join('\n'),
    actual,
    next: `If the machine was reinstalled: ${remove} && ${acceptCommand}\nIf not, someone may be in between: do not go on.`,
  })
}

function unknownError(endpoint: Endpoint, authorities: readonly KnownHost[], actual: string): HostError {
  const { files, name, acceptCommand } = endpoint.knownHosts
  if (files.length === 0) return nowhereToRecord(endpoint, actual)
  const authority =
    authorities[0] === undefined
      ? ''
      : `\n${place(authorities[0])} names a certificate authority for it; evcctl checks plain host keys only`
  return hostError(endpoint, 'host key', {
    problem: 'its host key is not known, and the known hosts policy is strict. Nothing was sent.',
    expected: `a line for ${name} in ${files.map(shortPath).join(', ')}${authority}`,
    actual,
    next: `If that is its key (ssh-keygen -lf /etc/ssh/ssh_host_${shortType(actual)}_key.pub on the machine prints it): ${acceptCommand}\nor look at it first: ${sshCommand(endpoint)}`,
  })
}

function shortType(actual: string): string {
  if (actual.startsWith('ssh-rsa')) return 'rsa'
  return actual.startsWith('ecdsa') ? 'ecdsa' : 'ed25519'
}

function unwritableError(endpoint: Endpoint, file: string, error: unknown): HostError {
  return hostError(
    endpoint,
    'host key',
    {
      problem: 'its new host key could not be recorded. Nothing was sent.',
      expected: `${shortPath(file)} can be written to`,
      actual: error instanceof Error ? error.message : String(error),
      next: `ls -ld ${word(shortPath(file))}`,
    },
    error,
  )
}
