import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { Channel, ClientChannel } from 'ssh2'
import { Deadline } from '../core/deadline.ts'
import { settledOrAborted } from '../core/settled-or-aborted.ts'
import { forwardedStream } from './forwarded.ts'
import type { LoggedIn } from './handshake.ts'
import { JumpHostLost } from './jump-host-lost.ts'
import { Pace } from './pace.ts'
import type { Endpoint } from './resolve.ts'

// sshd refuses channels beyond MaxSessions, 10 by default. At least one is left for ending running commands.
const mostChannels = 8
const mostRefusals = 5
const refusalMs = 50
const closeMs = 1_000
// With more than this waiting to be sent, bytes, nothing large is added: all that is sent later has to wait for it, and a slow
// line needs seconds for some MiB. The line does not idle meanwhile, since the system has a buffer of its own.
const mostWaiting = 256 * 1024
const roomMs = 10
// Every SSH server should take packets of 32 KiB (RFC 4253, 6.1); small servers on embedded boards take only some KiB.
const leastPacket = 1024
// How long after an abort the server may still take to open a channel that was requested before it.
const answerMs = 5_000

/** The command was certainly not requested: no channel was opened for it. */
export class NotOpened extends Error {}

/** The command was, or may have been, requested, and the server did not answer: it is unknown whether the command began. */
export class Unanswered extends Error {}

/** One SSH connection to a host, and its channels. */
export class Connection {
  readonly endpoint: Endpoint
  readonly hostKey: LoggedIn['hostKey']
  readonly login: string
  readonly #client: LoggedIn['client']
  readonly #stream: LoggedIn['stream']
  readonly #channels = new PQueue({ concurrency: mostChannels })
  readonly #open = new Set<ClientChannel>()
  readonly #forwarded = new Set<Duplex>()
  #opening = 0
  #someClosed = Promise.withResolvers<void>()
  #lastError: Error | undefined
  #alive = true
  /** Of what hosts behind this one share; nothing else is counted. */
  #pace: Pace | undefined
  readonly #waiting: { readonly isOver: () => boolean; readonly go: () => void }[] = []

  /** `keepaliveMs` is the interval at which the client checks that the server still answers. */
  constructor(endpoint: Endpoint, loggedIn: LoggedIn, keepaliveMs: number) {
    this.endpoint = endpoint
    this.hostKey = loggedIn.hostKey
    this.login = loggedIn.login
    this.#client = loggedIn.client
    this.#stream = loggedIn.stream
    // Nothing more is received after either event. ssh2 itself would only end its own half and wait for the other side.
    this.#client.on('error', error => this.#giveUp(error))
    this.#client.on('end', () => this.#stream.destroy())
    countAllAsLife(loggedIn, keepaliveMs)
    this.#client.on('close', () => {
      this.#alive = false
    })
  }

  /** False once the connection has ended; its open channels are lost. */
  get alive(): boolean {
    return this.#alive
  }

  /** Why the connection ended, in words. */
  endReason(): string {
    if (this.#lastError === undefined) return 'the other side closed the connection'
    const { message } = this.#lastError
    return message === 'Keepalive timeout' ? 'no sign of life any more' : message
  }

  /**
   * Opens a channel for a command. Waits while 8 are open, or fewer if the server refuses more; `urgent` does not wait for
   * our own 8. Rejects with NotOpened, with Unanswered, or with the signal's reason if it aborts before the command is sent.
   * A command that was sent may be running. So its channel is returned in spite of an abort, and the caller can end it.
   */
  exec(
    command: string,
    options: { readonly urgent?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<ClientChannel> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      let begun = false
      let settled = false
      let answer: Deadline | undefined
      const refuse = (reason: unknown): void => {
        settled = true
        reject(reason)
      }
      const onAbort = (): void => {
        if (begun) answer = new Deadline(answerMs, () => refuse(unanswered(signal?.reason)))
        else refuse(signal?.reason)
      }
      const work = async (): Promise<void> => {
        if (settled) return
        begun = true
        try {
          const channel = await this.#openWhenAllowed(command, signal)
          const closed = new Promise(done => channel.once('close', done))
          if (settled) abandon(channel)
          else resolve(channel)
          settled = true
          answer?.hold()
          await closed
        } catch (error) {
          const aborted = signal?.aborted === true && error === signal.reason
          if (aborted) refuse(error)
          else refuse(neverSent(error) ? new NotOpened((error as Error).message, { cause: error }) : unanswered(error))
        } finally {
          answer?.hold()
          signal?.removeEventListener('abort', onAbort)
        }
      }
      if (signal?.aborted === true) {
        refuse(signal.reason)
        return
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      // The slot is held until the channel is closed, because sshd counts the channel until then.
      void (options.urgent === true ? work() : this.#channels.add(work))
    })
  }

  /**
   * Resolves when little waits to be sent, when the connection has ended, or once `isOver`. To be waited for between large
   * parts: ssh2 takes all that it is given as long as the window lasts, which the other side names, and in a key exchange
   * without end; it keeps in memory what the other side does not take. Who waits longest gets room first.
   */
  async room(isOver: () => boolean): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isFull()) return
    const turn = Promise.withResolvers<void>()
    this.#waiting.push({ isOver, go: turn.resolve })
    if (this.#waiting.length === 1) void this.#makeRoom()
    await turn.promise
  }

  async #makeRoom(): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#alive && !first.isOver() && this.#isFull()) {
        await this.#drained()
        continue
      }
      // Who waits next sees what this one adds.
      first.go()
      await nextTurn()
      this.#waiting.shift()
    }
  }

  // There is no event for the end of a key exchange, nor for `isOver`.
  #drained(): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        this.#stream.off('drain', done)
        resolve()
      }
      const timer = setTimeout(done, roomMs)
      this.#stream.once('drain', done)
    })
  }

  #isFull(): boolean {
    const { _protocol } = insideOf(this.#client)
    return this.#stream.writableLength > mostWaiting || this.#pace?.isFull === true || _protocol?._kexinit !== undefined
  }

  // By a keepalive. A server should answer all requests that want it, if only that it does not know what that is
  // (RFC 4254, section 4).
  #ask(answered: () => void): void {
    const { _protocol, _callbacks } = insideOf(this.#client)
    if (!this.#alive || _protocol === undefined) return
    _callbacks?.push(answered)
    _protocol.ping()
  }

  /**
   * A TCP connection from that host to another one. Fails with JumpHostLost when the connection to that host ends. What is sent
   * on an `urgent` one does not wait for what others send; it has to be little.
   */
  forward(host: string, port: number, { urgent = false }: { readonly urgent?: boolean } = {}): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) {
        reject(this.#lost())
        return
      }
      this.#pace ??= new Pace(answered => this.#ask(answered))
      try {
        this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error) reject(error)
          else if (this.#takes(channel)) resolve(this.#forward(channel, urgent))
          else reject(this.#lost())
        })
      } catch (error) {
        reject(error)
      }
    })
  }

  #forward(channel: Channel, urgent: boolean): Duplex {
    const turn = urgent ? undefined : (isOver: () => boolean) => this.room(isOver)
    const stream = forwardedStream(channel, { turn, sent: bytes => this.#pace?.add(bytes) })
    this.#forwarded.add(stream)
    // It may fail in the same turn, before anybody listens to it; an error that nobody hears ends the process.
    return stream.on('error', () => undefined).once('close', () => this.#forwarded.delete(stream))
  }

  // A jump host that is itself behind one passes on which of them was lost.
  #lost(): JumpHostLost {
    return this.#lastError instanceof JumpHostLost ? this.#lastError : new JumpHostLost(this.endpoint, this.endReason())
  }

  /** Ends the connection in an orderly way, and after a second by force, without waiting for the other side. */
  async close(): Promise<void> {
    if (!this.#alive) return
    const closed = new Promise<void>(resolve => this.#client.once('close', () => resolve()))
    this.#client.end()
    // The plain clock is good enough here: if it fires too early, nothing is lost.
    const timer = setTimeout(() => this.#stream.destroy(), closeMs)
    await closed
    clearTimeout(timer)
  }

  // A server that refuses a channel while others are open accepts it when one of them is closed. The server may still count a
  // channel that was closed just now.
  async #openWhenAllowed(command: string, signal: AbortSignal | undefined): Promise<ClientChannel> {
    for (let refusals = 0; ; refusals++) {
      signal?.throwIfAborted()
      this.#opening++
      try {
        const channel = await this.#exec(command)
        // The connection may have failed in the same turn, before anybody listened to the channel.
        if (this.#lastError !== undefined) throw this.#lastError
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
      await (this.#open.size > 0 ? settledOrAborted(this.#someClosed.promise, signal) : sleep(refusalMs))
    }
  }

  // ssh2 cuts data into packets as small as the server wants, and loops for ever if that size is 0.
  #takes(channel: Channel): boolean {
    const { packetSize } = (channel as unknown as { readonly outgoing: { readonly packetSize: number } }).outgoing
    if (packetSize >= leastPacket) return true
    this.#giveUp(new Error(`it takes packets of no more than ${packetSize} bytes`))
    return false
  }

  #giveUp(error: Error): void {
    this.#lastError = error
    this.#alive = false
    // Before the end of the connection reaches them without a reason.
    for (const stream of this.#forwarded) stream.destroy(this.#lost())
    this.#stream.destroy()
  }

  #exec(command: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      try {
        this.#client.exec(command, (error, channel) => {
          if (error) {
            reject(error)
            return
          }
          // An error from writing to a command that has ended needs no report: the channel's close event follows.
          channel.on('error', () => undefined)
          // The server sent data after the end. ssh2 never emits `close` for such a channel.
          channel.stderr.on('error', error => {
            this.#giveUp(error)
            channel.emit('close')
          })
          if (this.#takes(channel)) resolve(channel)
          else reject(this.#lastError)
        })
      } catch (error) {
        reject(error)
      }
    })
  }
}

// Not a public part of ssh2: package.json pins the minor version, and tests have servers that need it.
function insideOf(client: LoggedIn['client']) {
  return client as unknown as {
    readonly _protocol?: { readonly _kexinit?: unknown; ping(): void }
    readonly _callbacks?: (() => void)[]
  }
}

// Reads and drops the data of the channel: unread data would stay in memory.
function abandon(channel: ClientChannel): void {
  channel.resume()
  channel.stderr.resume()
  channel.close()
}

// Makes all data from the host count as a sign of life, as in OpenSSH (ServerAliveCountMax). ssh2 counts only answers to its
// keepalive requests, but while a file is sent over a slow line, such a request waits behind 2 MiB of the file.
function countAllAsLife({ client, stream }: LoggedIn, keepaliveMs: number): void {
  // This is no public API of ssh2, so package.json pins the minor version, and a test has such a line.
  const { _resetKA: restart } = client as unknown as { readonly _resetKA: () => void }
  let last = performance.now()
  stream.on('data', () => {
    const now = performance.now()
    if (now - last < keepaliveMs / 4) return
    last = now
    restart()
  })
}

function unanswered(cause: unknown): Unanswered {
  return new Unanswered(cause instanceof Error ? cause.message : String(cause), { cause })
}

// Error messages of ssh2 from before the request for a command was sent: the connection was closed already, ended while the
// channel was requested, or has no free channel. After that, the message is `Unable to exec`.
const saidBefore: readonly string[] = ['Not connected', 'No response from server', 'No free channels available']

function neverSent(error: unknown): boolean {
  return isRefusal(error) || (error instanceof Error && saidBefore.includes(error.message))
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /channel open failure/i.test(error.message)
}
