import type { ServerHostKeyAlgorithm } from 'ssh2'
import type { HostError } from '../core/errors.ts'
import { hostError, shortPath, sshCommand, word } from './failure.ts'
import { fingerprint, judgeKey, type KnownHost, keyType } from './known-hosts.ts'
import type { KnownHostsStore } from './known-hosts-store.ts'
import type { Endpoint } from './resolve.ts'

// In the order of ssh2's defaults, without the SHA-1 signatures of ssh-rsa.
const algorithms: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/** What came of checking a host key: undefined when it is right, else why not. */
export type KeyCheck = { readonly error: HostError } | { readonly recorded: boolean; readonly fingerprint: string }

/**
 * The host key algorithms to ask for: those that known_hosts has keys for come first, so that a host known by its
 * ed25519 key does not show its RSA key and look changed.
 */
export function preferredAlgorithms(entries: readonly KnownHost[]): ServerHostKeyAlgorithm[] {
  const types = new Set(entries.filter(entry => entry.marker === undefined).map(entry => entry.type))
  const known = (algorithm: string): boolean => types.has(algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm)
  return [...algorithms.filter(known), ...algorithms.filter(algorithm => !known(algorithm))]
}

/**
 * Checks the key that a host showed; under accept-new, records it when the host was not known. Under strict, `onUnknown`
 * is told of it before it is refused.
 */
export async function checkHostKey(
  endpoint: Endpoint,
  store: KnownHostsStore,
  key: Buffer,
  onUnknown?: (endpoint: Endpoint, key: Buffer) => void,
): Promise<KeyCheck> {
  const { files, name, policy } = endpoint.knownHosts
  const judged = judgeKey(await store.find(files, name), key)
  const shown = fingerprint(key)
  const came = `${keyType(key)} ${shown}`
  switch (judged.verdict) {
    case 'known':
      return { recorded: false, fingerprint: came }
    case 'changed':
      return { error: changedError(endpoint, judged.expected, came) }
    case 'revoked':
      return {
        error: hostError(endpoint, 'host key', {
          problem: 'its host key is revoked. Nothing was sent.',
          expected: `any other key: ${place(judged.by)} has it as @revoked`,
          came,
          next: 'Give the machine a new host key: ssh-keygen -A on it, after removing /etc/ssh/ssh_host_*',
        }),
      }
    case 'unknown': {
      if (policy === 'strict') {
        onUnknown?.(endpoint, key)
        return { error: unknownError(endpoint, judged.authorities, came) }
      }
      const file = files[0]
      if (file === undefined || file === '/dev/null') return { recorded: false, fingerprint: came }
      try {
        await store.record(file, name, key)
      } catch (error) {
        return { error: unwritableError(endpoint, file, error) }
      }
      return { recorded: true, fingerprint: came }
    }
  }
}

function place(entry: KnownHost): string {
  return `${shortPath(entry.file)} line ${entry.line}`
}

function changedError(endpoint: Endpoint, expected: readonly KnownHost[], came: string): HostError {
  const { name, acceptCommand } = endpoint.knownHosts
  const files = [...new Set(expected.map(entry => entry.file))]
  const remove = files.map(file => `ssh-keygen -R ${word(name)} -f ${word(shortPath(file))}`).join(' && ')
  return hostError(endpoint, 'host key', {
    problem: 'its host key has changed. Nothing was sent.',
    expected: expected
      .map(entry => `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}  ${place(entry)}`)
      .join('\n'),
    came,
    next: `If the machine was reinstalled: ${remove} && ${acceptCommand}\nIf not, someone may be in between: do not go on.`,
  })
}

function unknownError(endpoint: Endpoint, authorities: readonly KnownHost[], came: string): HostError {
  const files = endpoint.knownHosts.files.map(shortPath).join(', ')
  const authority =
    authorities[0] === undefined
      ? ''
      : `\n${place(authorities[0])} names a certificate authority for it; evcctl checks plain host keys only`
  return hostError(endpoint, 'host key', {
    problem: 'its host key is not known, and the known hosts policy is strict. Nothing was sent.',
    expected: `a line for ${endpoint.knownHosts.name} in ${files === '' ? 'known_hosts' : files}${authority}`,
    came,
    next: `If that is its key (ssh-keygen -lf /etc/ssh/ssh_host_${shortType(came)}_key.pub on the machine prints it): ${endpoint.knownHosts.acceptCommand}\nor look at it first: ${sshCommand(endpoint)}`,
  })
}

function shortType(came: string): string {
  if (came.startsWith('ssh-rsa')) return 'rsa'
  return came.startsWith('ecdsa') ? 'ecdsa' : 'ed25519'
}

function unwritableError(endpoint: Endpoint, file: string, error: unknown): HostError {
  return hostError(
    endpoint,
    'host key',
    {
      problem: 'its new host key could not be recorded. Nothing was sent.',
      expected: `${shortPath(file)} can be written to`,
      came: error instanceof Error ? error.message : String(error),
      next: `ls -ld ${word(shortPath(file))}`,
    },
    error,
  )
}
