import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Countdown } from '../core/countdown.ts'
import { HostError } from '../core/errors.ts'
import { Connection } from './connection.ts'
import { addressesOf, dial, dialError } from './dial.ts'
import { hostError, sshCommand } from './failure.ts'
import { Flooded } from './forwarded.ts'
import { ClosedEarly, handshake, prepareHandshake, type Services } from './handshake.ts'
import { JumpHostLost } from './jump-host-lost.ts'
import { LoginRefused } from './login.ts'
import { systemNames } from './names.ts'
import type { Endpoint } from './resolve.ts'

// sshd drops connections at random beyond MaxStartups, 10:30:100 by default.
const mostTries = 5
const retryMs = 300
// The pause before the second login at a machine that boots; it doubles each time. sshd 9.8 and later refuses a client
// for 5 s after each failed login (PerSourcePenalties), and these penalties must not add up.
const bootMs = 4_000

/**
 * Connects and logs in. Rejects with HostError, or with the signal's reason. `through` is the connection to the jump host;
 * `urgent` is for little that must not wait for what others send through it.
 */
export async function connect(
  endpoint: Endpoint,
  services: Services,
  through: Connection | undefined,
  signal: AbortSignal,
  { urgent = false }: { readonly urgent?: boolean } = {},
): Promise<Connection> {
  let phase: 'dial' | 'handshake' | 'login' = 'dial'
  // A machine that boots refuses all logins for a while, even correct ones.
  let refused: LoginRefused | undefined
  const addresses = through === undefined ? await addressesOf(endpoint, services.names ?? systemNames, signal) : []
  using timeout = new Countdown(endpoint.connectTimeoutMs)
  const either = AbortSignal.any([signal, timeout.signal])
  try {
    for (let tries = 1; ; tries++) {
      try {
        phase = 'dial'
        const prepared = await prepareHandshake(endpoint, services)
        const stream = await (through === undefined
          ? dial(endpoint, addresses, either)
          : forwarded(through, endpoint, either, urgent))
        const loggedIn = await inTurn(stream, services, timeout, either, () => {
          phase = 'handshake'
          return handshake(endpoint, stream, prepared, services, either, next => {
            phase = next
          })
        })
        return new Connection(endpoint, loggedIn, services.keepaliveMs)
      } catch (error) {
        if (error instanceof LoginRefused && error.afterProof) refused = error
        else if (!(error instanceof ClosedEarly) || tries === mostTries) throw error
        const pause = refused === undefined ? retryMs * tries * (0.5 + Math.random()) : bootMs * 2 ** (tries - 1)
        await sleep(pause, undefined, { signal: either })
      }
    }
  } catch (error) {
    if (error instanceof HostError) throw error
    signal.throwIfAborted()
    if (error instanceof JumpHostLost) throw error.asHostError()
    if (refused !== undefined) throw refused
    if (timeout.signal.aborted) throw timedOut(endpoint, phase)
    if (error instanceof ClosedEarly) throw closedEarly(endpoint, error)
    throw dialError(endpoint, error)
  }
}

// The stream is open before a turn is taken, so that a host that is off or slow to reach does not hold up hosts that answer.
async function inTurn<T>(
  stream: Duplex,
  { turns }: Services,
  timeout: Countdown,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  if (turns === undefined) return work()
  // Without a listener, a reset would end the process.
  stream.on('error', () => undefined)
  timeout.hold()
  try {
    return await turns.take(signal, () => {
      timeout.goOn()
      if (stream.destroyed) throw endOf(stream)
      return work()
    })
  } catch (error) {
    stream.destroy()
    throw error
  }
}

function endOf({ errored: cause }: Duplex): Error {
  if (cause instanceof JumpHostLost || cause instanceof Flooded) return cause
  return new ClosedEarly(cause?.message ?? 'the server closed the connection', { cause })
}

function forwarded(through: Connection, endpoint: Endpoint, signal: AbortSignal, urgent: boolean): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    through
      .forward(endpoint.host, endpoint.port, { urgent })
      .then(stream => {
        if (signal.aborted) stream.destroy()
        else resolve(stream)
      }, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function timedOut(endpoint: Endpoint, phase: 'dial' | 'handshake' | 'login'): HostError {
  const within = `within ${endpoint.connectTimeoutMs / 1000} s`
  if (phase === 'dial')
    return dialError(endpoint, Object.assign(new Error(`no answer ${within}`), { code: 'ETIMEDOUT' }))
  return hostError(endpoint, phase === 'login' ? 'login' : 'unreachable', {
    problem:
      phase === 'login'
        ? `login as ${endpoint.user} did not end ${within}`
        : `it accepts connections on port ${endpoint.port}, but the SSH handshake did not end ${within}`,
    next: `${sshCommand(endpoint, ' -v')} true   (if it is only slow: raise ssh.connectTimeout)`,
  })
}

function closedEarly(endpoint: Endpoint, cause: Error): HostError {
  return hostError(
    endpoint,
    'unreachable',
    {
      problem: `it closes connections on port ${endpoint.port} before the SSH handshake (${mostTries} tries)`,
      expected: 'an SSH server that takes one more connection',
      actual: cause.message,
      next: 'Too many connections at once (MaxStartups), a ban (fail2ban) or a firewall: journalctl -u ssh on it says which',
    },
    cause,
  )
}
