import type { Duplex } from 'node:stream'
import { Client } from 'ssh2'
import type { HostError } from '../core/errors.ts'
import { hostError, sshCommand } from './failure.ts'
import { checkHostKey, preferredAlgorithms } from './host-key.ts'
import type { KeyRing } from './keys.ts'
import type { KnownHost } from './known-hosts.ts'
import type { KnownHostsStore } from './known-hosts-store.ts'
import { type Login, prepareLogin } from './login.ts'
import type { Endpoint } from './resolve.ts'

/** What all connections of a pool share. */
export interface Services {
  readonly knownHosts: KnownHostsStore
  readonly keys: KeyRing
  /** How often an idle connection is asked whether it lives; it is given up after three times that. ms */
  readonly keepaliveMs: number
  /** Told of a host key that is not known, before a strict policy refuses it: for those who ask a person about it. */
  readonly onUnknownHostKey?: (endpoint: Endpoint, key: Buffer) => void
}

/** A connection that is logged in. */
export interface LoggedIn {
  readonly client: Client
  /** Type and fingerprint of the host key, and whether it is new in known_hosts. */
  readonly hostKey: { readonly fingerprint: string; readonly recorded: boolean }
  /** What let us in, e.g. `key ~/.ssh/id_ed25519 (ssh-ed25519)`. */
  readonly login: string
}

/** The server closed before it said who it is, as sshd does beyond MaxStartups: worth another try. */
export class ClosedEarly extends Error {}

/** What a handshake needs beside the stream: what known_hosts says, and what there is to log in with. */
export interface Preparation {
  readonly entries: readonly KnownHost[]
  readonly login: Login
}

/**
 * Reads what one handshake needs. It comes before the stream is opened: between the two nobody would listen to the
 * stream, and a reset then would end the process.
 */
export async function prepareHandshake(endpoint: Endpoint, services: Services): Promise<Preparation> {
  const { files, name } = endpoint.knownHosts
  return { entries: await services.knownHosts.find(files, name), login: await prepareLogin(endpoint, services.keys) }
}

/**
 * SSH over a stream: host key, then login. Rejects with HostError, ClosedEarly, or the signal's reason.
 * `onPhase` is told when the login begins, for the message about a time-out.
 */
export async function handshake(
  endpoint: Endpoint,
  stream: Duplex,
  { entries, login }: Preparation,
  services: Services,
  signal: AbortSignal,
  onPhase: (phase: 'login') => void,
): Promise<LoggedIn> {
  const client = new Client()
  let phase: 'handshake' | 'login' = 'handshake'
  let hostKey: LoggedIn['hostKey'] | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      const done = (error?: unknown): void => {
        signal.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      // A standing listener: an 'error' without one ends the process.
      client.on('error', (error: Error & { level?: string }) => {
        // A key that could not sign is not the end: ssh2 goes on with the next.
        if (error.level === 'agent' || (error.level === 'client-authentication' && !login.gaveUp)) return
        if (phase === 'login' && error.level !== 'client-socket') done(login.error(error))
        else done(handshakeError(endpoint, error))
      })
      client.once('close', () => {
        if (phase === 'login') done(login.error(new Error('the server closed the connection')))
        else done(new ClosedEarly('the server closed the connection'))
      })
      client.once('handshake', () => {
        phase = 'login'
        onPhase(phase)
      })
      client.once('ready', () => done())
      client.connect({
        sock: stream,
        username: endpoint.user,
        readyTimeout: 0,
        keepaliveInterval: services.keepaliveMs,
        keepaliveCountMax: 2,
        algorithms: { serverHostKey: preferredAlgorithms(entries) },
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
          checkHostKey(endpoint, services.knownHosts, key, services.onUnknownHostKey).then(checked => {
            if ('error' in checked) done(checked.error)
            else hostKey = checked
            verify(!('error' in checked))
          }, done)
        },
        // ssh2 takes false for "no more"; its typings do not say so.
        authHandler: ((left: never, partial: boolean, next: (method: unknown) => void) => {
          next(login.next(left, partial))
        }) as never,
      })
    })
  } catch (error) {
    client.destroy()
    stream.destroy()
    throw error
  }
  return { client, hostKey: hostKey ?? { fingerprint: '', recorded: false }, login: login.describeLast() }
}

function handshakeError(endpoint: Endpoint, error: Error & { level?: string }): HostError | ClosedEarly {
  const code = 'code' in error ? error.code : undefined
  if (error.message === 'Connection lost before handshake' || code === 'ECONNRESET' || code === 'EPIPE')
    return new ClosedEarly(error.message, { cause: error })
  return hostError(
    endpoint,
    'unreachable',
    {
      problem: `port ${endpoint.port} does not speak SSH in a way that evcctl can`,
      expected: 'an OpenSSH server of the last ten years',
      came: error.message,
      next: `${sshCommand(endpoint, ' -v')} true`,
    },
    error,
  )
}
