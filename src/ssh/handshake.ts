import type { Duplex } from 'node:stream'
import { Client } from 'ssh2'
import type { HostError } from '../core/errors.ts'
import { type Offer, offerFor, ssh2Algorithms } from './algorithms.ts'
import { guardProtocol } from './guarded-protocol.ts'
import { guardStream } from './guarded-stream.ts'
import type { HandshakeTurns } from './handshake-turns.ts'
import { type AcceptedKey, acceptUnknown, checkHostKey, describeKey, findEntries } from './host-key.ts'
import { JumpHostLost } from './jump-host-lost.ts'
import type { KeyRing } from './keys.ts'
import type { KnownHostsStore } from './known-hosts-store.ts'
import type { Login } from './login.ts'
import type { Names } from './names.ts'
import { noSsh, nothingToOffer } from './negotiation.ts'
import { prepareLogin } from './prepare-login.ts'
import type { Endpoint } from './resolve.ts'
import { OfferReader } from './server-offer.ts'

/** The services that all connections of a pool share. */
export interface Services {
  readonly knownHosts: KnownHostsStore
  readonly keys: KeyRing
  /** How often an idle connection is asked whether it lives; it is given up after three times that. ms */
  readonly keepaliveMs: number
  /** Where the handshakes of several hosts are not to go on all at once. */
  readonly turns?: HandshakeTurns
  /** Default: this machine's. */
  readonly names?: Names
  /** Told of a host key that is not known, before a strict policy refuses it: for those who ask a person about it. */
  readonly onUnknownHostKey?: (endpoint: Endpoint, key: Buffer) => void
}

/** A connection that is logged in. */
export interface LoggedIn {
  readonly client: Client
  /** The stream under the client. */
  readonly stream: Duplex
  readonly hostKey: AcceptedKey
  /** The login that the server accepted, e.g. `key ~/.ssh/id_ed25519 (ssh-ed25519)`. */
  readonly login: string
}

/** The server closed the connection before it identified itself, as sshd does beyond MaxStartups: evcctl tries again. */
export class ClosedEarly extends Error {}

/** What a handshake needs besides the stream: the offered algorithms, and the keys and passwords for the login. */
export interface Preparation {
  readonly offer: Offer
  readonly login: Login
  /** Resolves with the error when the server asks for what evcctl will not answer. */
  readonly stopped: Promise<HostError>
}

/**
 * Reads what one handshake needs. It comes before the stream is opened: between the two nobody would listen to the
 * stream, and a reset then would end the process. Rejects with HostError where ~/.ssh/config leaves nothing to offer.
 */
export async function prepareHandshake(endpoint: Endpoint, services: Services): Promise<Preparation> {
  const offer = offerFor(endpoint.algorithms, await findEntries(endpoint, services.knownHosts))
  const error = nothingToOffer(endpoint, offer)
  if (error !== undefined) throw error
  const { promise: stopped, resolve: stop } = Promise.withResolvers<HostError>()
  return { offer, login: await prepareLogin(endpoint, services.keys, stop), stopped }
}

/**
 * SSH over a stream: host key, then login. Rejects with HostError, ClosedEarly, or the signal's reason.
 * `onPhase` is told when the login begins, for the message about a time-out.
 */
export async function handshake(
  endpoint: Endpoint,
  stream: Duplex,
  { offer, login, stopped }: Preparation,
  services: Services,
  signal: AbortSignal,
  onPhase: (phase: 'login') => void,
): Promise<LoggedIn> {
  const client = new Client()
  let phase: 'handshake' | 'login' = 'handshake'
  const hostKey = new HostKey(endpoint, services)
  const reader = new OfferReader(stream)
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
        if (error instanceof JumpHostLost) done(error)
        else if (phase === 'login' && error.level !== 'client-socket') done(login.error(error))
        else if (closedEarly(error)) done(new ClosedEarly(error.message, { cause: error }))
        else done(noSsh(endpoint, offer, reader.read(), error))
      })
      client.once('close', () => {
        if (phase === 'login') done(login.error(new Error('the server closed the connection')))
        else done(new ClosedEarly('the server closed the connection'))
      })
      void stopped.then(done)
      client.on('banner', text => login.heard(text))
      client.on('change password', prompt => done(login.changeRequired(prompt)))
      client.once('handshake', () => {
        reader.stop()
        phase = 'login'
        onPhase(phase)
        // The signature was right: only now an unknown key is worth recording.
        hostKey.prove()
        login.requests.attach(client)
      })
      client.once('ready', () => done())
      guardStream(stream)
      client.connect({
        sock: stream,
        username: endpoint.user,
        readyTimeout: 0,
        keepaliveInterval: services.keepaliveMs,
        keepaliveCountMax: 2,
        algorithms: ssh2Algorithms(offer),
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
          hostKey.check(key).then(error => {
            if (error !== undefined) done(error)
            verify(error === undefined)
          }, done)
        },
        // ssh2 takes false for "no more", and undefined for "later"; its typings do not say so.
        authHandler: ((left: never, partial: boolean, next: (method: unknown) => void) => {
          // Nothing of ours is sent before the host key is accepted.
          hostKey.accepted().then(() => next(login.next(left, partial)), done)
        }) as never,
      })
      guardProtocol(client)
    })
  } catch (error) {
    reader.stop()
    client.destroy()
    stream.destroy()
    throw error
  }
  return { client, stream, hostKey: await hostKey.accepted(), login: login.describeLast() }
}

/** The host key of one handshake: shown, then proved, then accepted or not. */
class HostKey {
  readonly #endpoint: Endpoint
  readonly #services: Services
  #accepting: () => Promise<AcceptedKey> = () => Promise.reject(new Error('the server showed no host key'))
  #accepted: Promise<AcceptedKey> | undefined

  constructor(endpoint: Endpoint, services: Services) {
    this.#endpoint = endpoint
    this.#services = services
  }

  /** Gives why the key is refused out of hand. */
  async check(key: Buffer): Promise<HostError | undefined> {
    const { knownHosts, onUnknownHostKey } = this.#services
    const checked = await checkHostKey(this.#endpoint, knownHosts, key)
    if (checked.verdict === 'refused') return checked.error
    this.#accepting =
      checked.verdict === 'known'
        ? async () => ({ fingerprint: describeKey(key), recorded: false })
        : () => acceptUnknown(this.#endpoint, knownHosts, key, checked.authorities, onUnknownHostKey)
    return undefined
  }

  /** The server has signed with it. */
  prove(): void {
    this.#accepted ??= this.#accepting()
    // It is waited for before the login; until then nobody may listen.
    this.#accepted.catch(() => undefined)
  }

  /** Rejects with HostError when it is not. */
  async accepted(): Promise<AcceptedKey> {
    return (await this.#accepted) ?? Promise.reject(new Error('the host key was not checked'))
  }
}

// ssh2 says so when a connection ended before the server said that it speaks SSH.
function closedEarly(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined
  return error.message === 'Connection lost before handshake' || code === 'ECONNRESET' || code === 'EPIPE'
}
