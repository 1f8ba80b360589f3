import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { ClientChannel } from 'ssh2'
import { HostError } from '../core/errors.ts'
import { dial, dialError } from './dial.ts'
import { hostError, sshCommand } from './failure.ts'
import { ClosedEarly, handshake, type LoggedIn, prepareHandshake, type Services } from './handshake.ts'
import type { Endpoint } from './resolve.ts'

// sshd refuses beyond MaxSessions, 10 by default; one is left for ending what runs.
const mostChannels = 8
// sshd drops connections at random beyond MaxStartups, 10:30:100 by default.
const mostTries = 5
const retryMs = 300
const mostRefusals = 5
const refusalMs = 50
const closeMs = 1_000
// After an abort, how long the server may take to open a channel that was asked for before.
const answerMs = 5_000

/** No channel was opened, so nothing was sent. */
export class NotOpened extends Error {}

/** One SSH connection to a host, and its channels. */
export class Connection {
  readonly endpoint: Endpoint
  readonly hostKey: LoggedIn['hostKey']
  readonly login: string
  readonly #client: LoggedIn['client']
  readonly #channels = new PQueue({ concurrency: mostChannels })
  readonly #open = new Set<ClientChannel>()
  #opening = 0
  #someClosed = Promise.withResolvers<void>()
  #lastError: Error | undefined
  #alive = true

  constructor(endpoint: Endpoint, loggedIn: LoggedIn) {
    this.endpoint = endpoint
    this.hostKey = loggedIn.hostKey
    this.login = loggedIn.login
    this.#client = loggedIn.client
    this.#client.on('error', error => {
      this.#lastError = error
    })
    this.#client.on('close', () => {
      this.#alive = false
    })
  }

  /** False once it has ended; what was open on it is lost. */
  get alive(): boolean {
    return this.#alive
  }

  /** Why it ended, in words. */
  endReason(): string {
    if (this.#lastError === undefined) return 'the other side closed the connection'
    return this.#lastError.message === 'Keepalive timeout' ? 'no sign of life any more' : this.#lastError.message
  }

  /**
   * Opens a channel for a command; waits while 8 are open, or fewer if the server refuses more. `urgent` does not wait for
   * those of ours. Rejects with NotOpened, or with the signal's reason when it aborts before the command is sent. What was
   * sent may be running: its channel is handed over in spite of an abort, so that it can be ended.
   */
  exec(
    command: string,
    options: { readonly urgent?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<ClientChannel> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      let begun = false
      let settled = false
      let timer: NodeJS.Timeout | undefined
      const refuse = (reason: unknown): void => {
        settled = true
        reject(reason)
      }
      const onAbort = (): void => {
        if (begun) timer = setTimeout(() => refuse(signal?.reason), answerMs)
        else refuse(signal?.reason)
      }
      const work = async (): Promise<void> => {
        if (settled) return
        begun = true
        try {
          const channel = await this.#openWhenAllowed(command, signal)
          const closed = new Promise(done => channel.once('close', done))
          if (settled) channel.close()
          else resolve(channel)
          settled = true
          clearTimeout(timer)
          await closed
        } catch (error) {
          const aborted = signal?.aborted === true && error === signal.reason
          refuse(aborted ? error : new NotOpened((error as Error).message, { cause: error }))
        } finally {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
      }
      if (signal?.aborted === true) {
        refuse(signal.reason)
        return
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      // The slot is held until the channel is closed: sshd counts it until then.
      void (options.urgent === true ? work() : this.#channels.add(work))
    })
  }

  /** A TCP connection from that host to another one. */
  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      try {
        this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error) reject(error)
          else resolve(channel)
        })
      } catch (error) {
        reject(error)
      }
    })
  }

  /** Ends it: politely, and after a second by force. */
  async close(): Promise<void> {
    if (!this.#alive) return
    const closed = new Promise<void>(resolve => this.#client.once('close', () => resolve()))
    this.#client.end()
    const timer = setTimeout(() => this.#client.destroy(), closeMs)
    await closed
    clearTimeout(timer)
  }

  // A server that refuses a channel while others are open takes it when one of those is closed. One that was closed just
  // now may still be counted there.
  async #openWhenAllowed(command: string, signal: AbortSignal | undefined): Promise<ClientChannel> {
    for (let refusals = 0; ; refusals++) {
      signal?.throwIfAborted()
      this.#opening++
      try {
        const channel = await this.#exec(command)
        this.#open.add(channel)
        channel.once('close', () => {
          this.#open.delete(channel)
          this.#someClosed.resolve()
          this.#someClosed = Promise.withResolvers()
        })
        return channel
      } catch (error) {
        const alone = this.#open.size === 0 && this.#opening === 1
        if (!isRefusal(error) || !this.#alive || (alone && refusals >= mostRefusals)) throw error
      } finally {
        this.#opening--
      }
      this.#channels.concurrency = Math.max(1, Math.min(this.#channels.concurrency, this.#open.size + this.#opening))
      await (this.#open.size > 0 ? unlessAborted(this.#someClosed.promise, signal) : sleep(refusalMs))
    }
  }

  #exec(command: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      try {
        this.#client.exec(command, (error, channel) => {
          if (error) {
            reject(error)
            return
          }
          // Writing to a command that has ended is no news: its close says so.
          channel.on('error', () => undefined)
          resolve(channel)
        })
      } catch (error) {
        reject(error)
      }
    })
  }
}

// Resolves with the promise, or when the signal is aborted.
async function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<void>()
  const onAbort = (): void => aborted.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /channel open failure/i.test(error.message)
}

/** Connects and logs in. Rejects with HostError, or with the signal's reason. `through` is the connection to the jump host. */
export async function connect(
  endpoint: Endpoint,
  services: Services,
  through: Connection | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  let phase: 'dial' | 'handshake' | 'login' = 'dial'
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(new Error('timed out')), endpoint.connectTimeoutMs)
  const either = AbortSignal.any([signal, timeout.signal])
  try {
    for (let tries = 1; ; tries++) {
      try {
        phase = 'dial'
        const prepared = await prepareHandshake(endpoint, services)
        const stream = await (through === undefined ? dial(endpoint, either) : forwarded(through, endpoint, either))
        phase = 'handshake'
        return new Connection(
          endpoint,
          await handshake(endpoint, stream, prepared, services, either, next => {
            phase = next
          }),
        )
      } catch (error) {
        if (!(error instanceof ClosedEarly) || tries === mostTries) throw error
        await sleep(retryMs * tries * (0.5 + Math.random()), undefined, { signal: either })
      }
    }
  } catch (error) {
    if (error instanceof HostError) throw error
    signal.throwIfAborted()
    if (timeout.signal.aborted) throw timedOut(endpoint, phase)
    if (error instanceof ClosedEarly) throw closedEarly(endpoint, error)
    throw dialError(endpoint, error)
  } finally {
    clearTimeout(timer)
  }
}

function forwarded(through: Connection, endpoint: Endpoint, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    through
      .forward(endpoint.host, endpoint.port)
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
      came: cause.message,
      next: 'Too many connections at once (MaxStartups), a ban (fail2ban) or a firewall: journalctl -u ssh on it says which',
    },
    cause,
  )
}
