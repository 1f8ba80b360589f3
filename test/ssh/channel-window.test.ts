import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, ServerChannel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { startServer } from './server.ts'
import { exchange, hostError, job, output, pool } from './support.ts'

const mebibyte = 1024 * 1024
/** The window that evcctl gives a server, bytes: so much may wait on a channel. */
const window = 2 * mebibyte

interface Protocol {
  channelData(channel: number, data: Buffer): void
  channelExtData(channel: number, data: Buffer, type: number): void
}

/** Speaks for a channel and keeps to its window, which ssh2 does not when both streams are in use. */
class HeedfulSender {
  /** What was sent so far, bytes: both streams together. */
  sent = 0
  readonly #outgoing: { readonly id: number; window: number; readonly state: string }
  readonly #protocol: Protocol

  constructor(channel: ServerChannel, client: Connection) {
    this.#outgoing = (channel as unknown as { outgoing: { id: number; window: number; state: string } }).outgoing
    this.#protocol = (client as unknown as { _protocol: Protocol })._protocol
  }

  get open(): boolean {
    return this.#outgoing.state === 'open'
  }

  get allowed(): number {
    return this.#outgoing.window
  }

  stdout(bytes: number): void {
    for (const part of this.#parts(Buffer.alloc(bytes, 'x'))) this.#protocol.channelData(this.#outgoing.id, part)
  }

  /** Sends a text, or so many bytes of some text. */
  stderr(what: string | number): void {
    const data = typeof what === 'string' ? Buffer.from(what) : Buffer.alloc(what, 'x')
    for (const part of this.#parts(data)) this.#protocol.channelExtData(this.#outgoing.id, part, 1)
  }

  *#parts(data: Buffer): Generator<Buffer> {
    const end = Math.min(data.length, this.#outgoing.window)
    for (let at = 0; at < end; at += 32_000) {
      const part = data.subarray(at, Math.min(at + 32_000, end))
      this.#outgoing.window -= part.length
      this.sent += part.length
      yield part
    }
  }
}

/** Resolves once the sender has been told nothing more for a while, although it sends all that it may. */
async function stuck(sender: () => HeedfulSender | undefined): Promise<number> {
  for (let last = -1, quiet = 0; quiet < 10; await sleep(20)) {
    const sent = sender()?.sent ?? -1
    quiet = sent === last && sent >= 0 ? quiet + 1 : 0
    last = sent
    if (sent > 50 * mebibyte) return sent
  }
  return sender()!.sent
}

async function run(fill: (sender: HeedfulSender) => void) {
  let sender: HeedfulSender | undefined
  const server = await startServer({
    answer: async (channel, client) => {
      // Commands that end this one are not answered.
      if (sender !== undefined) return
      sender = new HeedfulSender(channel, client)
      // What runCommand() has the shell say first, so that the rest of stderr is the command's own.
      const nonce = /echo \W*(\w+) /.exec(server.commands[0]!)?.[1]
      sender.stderr(`${nonce} 999999 (sh) S 1 999999 ${Array.from({ length: 17 }, () => '1').join(' ')}\n`)
      for (; sender.open; await sleep(1)) fill(sender)
    },
  })
  const subject = pool(server.target())
  const reader = Promise.withResolvers<void>()
  let waiting: Promise<void> | undefined = reader.promise
  const taken = { stdout: 0, stderr: 0 }
  const abort = new AbortController()
  const work = subject.run('w1', {
    command: 'true',
    sudo: false,
    signal: abort.signal,
    onStdout: chunk => {
      taken.stdout += chunk.length
    },
    onStderr: chunk => {
      taken.stderr += chunk.length
    },
    backlog: () => waiting,
  })
  work.catch(() => undefined)
  return {
    taken,
    sender: () => sender,
    /** The pager goes on reading. */
    read: () => {
      waiting = undefined
      reader.resolve()
    },
    async [Symbol.asyncDispose]() {
      abort.abort()
      await subject[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('a command whose output waits for a pager', () => {
  it.each([
    ['stdout', 'stderr'],
    ['stderr', 'stdout'],
  ] as const)('on %s is sent no further for a byte on %s', async (full, other) => {
    await using subject = await run(sender => {
      sender[full](Math.max(0, sender.allowed - 1))
      sender[other](1)
    })
    expect(await stuck(subject.sender)).toBeLessThanOrEqual(window + 64 * 1024)
  })

  it('goes on once the pager reads, though neither stream was full by itself', async () => {
    await using subject = await run(sender => {
      sender.stderr(Math.floor(sender.allowed / 2))
      sender.stdout(sender.allowed)
    })
    await stuck(subject.sender)
    subject.read()
    await expect.poll(() => subject.taken.stdout, { timeout: 30_000 }).toBeGreaterThan(10 * mebibyte)
    expect(subject.taken.stderr).toBeGreaterThan(mebibyte)
  })
})

describe('a jump host', () => {
  it('that sends something beside a connection that it forwards loses its own, and is named', async () => {
    await using server = await startServer()
    await using gateway = await startServer({
      authorizedKeys: [server.clientKey.public],
      onForwarded: (channel, client) => new HeedfulSender(channel, client).stderr(1),
    })
    await using subject = pool(server.target({ proxyJump: `root@127.0.0.1:${gateway.port}` }))
    const { details } = await hostError(output(subject, 'true'), 'unreachable')
    expect(details.where).toContain(`w1, jump host root@127.0.0.1:${gateway.port}`)
    expect(details.actual).toContain('it sends data beside a TCP connection')
  })

  it.each([
    ['much', 100, 1000],
    ['little at a time', 1000, 1],
  ])('cannot fill the memory with %s for hosts that wait for their turn', async (_, pieces, bytes) => {
    await using server = await startServer()
    let forwarded = 0
    await using gateway = await startServer({
      authorizedKeys: [server.clientKey.public],
      // As many hosts as log in at a time say nothing; the others wait for their turn.
      onForwarded: (channel, client) => {
        const sender = new HeedfulSender(channel, client)
        if (++forwarded > 2) for (let times = 0; times < pieces; times++) sender.stdout(bytes)
      },
    })
    const proxyJump = `root@127.0.0.1:${gateway.port}`
    const names = ['w1', 'w2', 'w3']
    await using subject = pool(
      names.map(name => server.target({ name, proxyJump, connectTimeoutMs: name === 'w3' ? 10_000 : 500 })),
      { maxHandshakes: 2 },
    )
    const [, , error] = await Promise.all(names.map(name => hostError(output(subject, 'true', name), 'unreachable')))
    expect(error?.message).toContain('it sends more than an SSH server does before it is answered')
  })

  it('that does so to a host which is at work is named, too', async () => {
    await using server = await startServer()
    let gatewayClient: Connection | undefined
    await using gateway = await startServer({
      authorizedKeys: [server.clientKey.public],
      onReady: client => {
        gatewayClient = client
      },
    })
    await using subject = pool(server.target({ proxyJump: `root@127.0.0.1:${gateway.port}` }))
    const begun = Promise.withResolvers<void>()
    const jobs = [job({ run: 'echo here; sleep 20' })]
    const work = hostError(exchange(subject, { jobs }, { onOutput: () => begun.resolve() }), 'lost')
    await begun.promise
    const { _protocol } = gatewayClient as unknown as { _protocol: Protocol }
    // It is one of the first; what is sent on a channel that there is not is ignored.
    for (let channel = 0; channel < 5; channel++) _protocol.channelExtData(channel, Buffer.from('x'), 1)
    const lost = `jump host root@127.0.0.1:${gateway.port} was lost: it sends data beside a TCP connection`
    expect((await work).details.actual).toContain(lost)
  })
})
