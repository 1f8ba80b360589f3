import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerChannel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { guardStream } from '../../src/ssh/guarded-stream.ts'
import { sendMessage, sshString } from './hostile.ts'
import { startServer } from './server.ts'
import { slowLine } from './slow-line.ts'
import { exchange, hostError, job, output, pool } from './support.ts'

interface Protocol {
  channelEOF(channel: number): void
  channelExtData(channel: number, data: Buffer, type: number): void
}

/** The number of a channel, and what speaks for it: not among ssh2's typings. */
function insideOf(channel: ServerChannel) {
  const { outgoing, _client } = channel as unknown as {
    readonly outgoing: { readonly id: number }
    readonly _client: { readonly _protocol: Protocol }
  }
  return { id: outgoing.id, protocol: _client._protocol }
}

describe('a server that goes against the protocol, or uses it up, fails alone', () => {
  it('when it wants to name the prime of the key exchange, which would be checked for minutes', async () => {
    await using server = await startServer({ algorithms: { kex: ['diffie-hellman-group-exchange-sha256'] } })
    await using subject = pool(server.target())
    const { message } = await hostError(output(subject, 'true'), 'unreachable')
    expect(message).toContain('diffie-hellman-group-exchange-sha256')
  })

  it.each(['zlib', 'zlib@openssh.com'] as const)('when it wants to compress with %s', async compress => {
    await using server = await startServer({ algorithms: { compress: [compress] } })
    await using subject = pool(server.target())
    await hostError(output(subject, 'true'), 'unreachable')
  })

  it.each([0, 1, 1023])('when it takes packets of %i bytes', async packetBytes => {
    await using server = await startServer({ packetBytes })
    await using subject = pool(server.target())
    const { message } = await hostError(output(subject, 'true'), 'lost')
    expect(message).toContain(`it takes packets of no more than ${packetBytes} bytes`)
  })

  it('when a jump host takes packets of no bytes', async () => {
    await using server = await startServer()
    await using gateway = await startServer({ packetBytes: 0, authorizedKeys: [server.clientKey.public] })
    await using subject = pool(server.target({ proxyJump: `root@127.0.0.1:${gateway.port}` }))
    const { message } = await hostError(output(subject, 'true'), 'unreachable')
    expect(message).toContain('it takes packets of no more than 0 bytes')
  })

  it.each([0, 100])('when it says more on stderr %i ms after it has said that nothing will come', async ms => {
    await using server = await startServer({
      answer: async channel => {
        const { id, protocol } = insideOf(channel)
        await sleep(ms)
        protocol.channelEOF(id)
        for (let times = 0; times < 3; times++) protocol.channelExtData(id, Buffer.from('late\n'), 1)
      },
    })
    await using subject = pool(server.target())
    await hostError(output(subject, 'true'), 'lost')
  })

  it('when it wants a key to sign again and again', async () => {
    await using server = await startServer({
      // SSH_MSG_USERAUTH_PK_OK (RFC 4252, section 7).
      onKey: client => {
        const takesKey = Buffer.concat([Buffer.from([60]), sshString(''), sshString('')])
        for (let times = 0; times < 1000; times++) sendMessage(client, takesKey)
      },
    })
    await using subject = pool(server.target())
    const { message } = await hostError(output(subject, 'true'), 'login')
    expect(message).toContain('it wants the same key to sign again and again')
    expect(server.signatures).toBeLessThan(4)
  })

  it('is asked for no proof of the host keys that it announces, which would take minutes to check', async () => {
    const requests: string[] = []
    await using server = await startServer({
      ident: 'OpenSSH_9.9',
      onReady: client => {
        client.on('request', (_accept, reject, name) => {
          requests.push(name)
          reject?.()
        })
        const key = Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.alloc(32, 1))])
        const name = sshString('hostkeys-00@openssh.com')
        sendMessage(client, Buffer.concat([Buffer.from([80]), name, Buffer.from([0]), sshString(key)]))
      },
    })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(requests).toEqual([])
  })

  it('takes packets of as few bytes as a small server does', async () => {
    await using server = await startServer({ packetBytes: 1024 })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo in')).toBe('in\n')
  })
})

describe('a file that is pushed', () => {
  const pushed = (folder: string, name: string, content: Buffer) => {
    const file = join(folder, 'file')
    writeFileSync(file, content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    return job({ push: file, to: join(folder, name), sha256, mode: 0o600 })
  }

  it('reaches each of twenty hosts behind one jump host, over a line that is slower than all of them', async () => {
    await using server = await startServer()
    await using gateway = await startServer({ authorizedKeys: [server.clientKey.public] })
    await using line = await slowLine(gateway.port, 20_000_000)
    const names = Array.from({ length: 20 }, (_, number) => `w${number}`)
    const content = Buffer.alloc(2 * 1024 * 1024, 7)
    const proxyJump = `root@127.0.0.1:${line.port}`
    await using subject = pool(names.map(name => server.target({ name, proxyJump })))
    await Promise.all(names.map(name => output(subject, 'true', name)))
    const replies = await Promise.all(
      names.map(host => exchange(subject, { jobs: [pushed(server.folder, host, content)] }, { host })),
    )
    expect(replies.map(({ jobs }) => jobs[0]?.failure)).toEqual(names.map(() => undefined))
    for (const name of names) expect(readFileSync(join(server.folder, name)).equals(content), name).toBe(true)
  })

  it('does not fill the memory when its host says that it takes all of it, and takes nothing', async () => {
    await using server = await startServer({ packetBytes: 32 * 1024 })
    await using subject = pool(server.target(), { limits: { ...limits, pushStallMs: 1500 } })
    await output(subject, 'true')
    const content = Buffer.alloc(100 * 1024 * 1024)
    const held = process.memoryUsage().arrayBuffers
    const sent = hostError(exchange(subject, { jobs: [pushed(server.folder, 'x', content)] }), 'timed out')
    const before = server.commands.length
    while (server.commands.length === before) await sleep(5)
    server.freeze()
    let most = 0
    const watching = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - held)
    }, 50)
    const { message } = await sent
    clearInterval(watching)
    expect(message).toContain('nothing of the file could be sent')
    expect(most).toBeLessThan(50 * 1024 * 1024)
  })
})

describe('a stream that is guarded', () => {
  it('lets others have their turn after each 64 KiB, and reads many small packets in one', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    guardStream(stream)
    const read: number[] = []
    stream.on('data', (chunk: Buffer) => read.push(chunk.length))
    for (let packets = 0; packets < 10; packets++) stream.push(Buffer.alloc(100))
    await new Promise(resolve => process.nextTick(resolve))
    expect(read).toHaveLength(10)
    stream.push(Buffer.alloc(64 * 1024))
    stream.push(Buffer.alloc(1))
    await new Promise(resolve => process.nextTick(resolve))
    expect(read).toHaveLength(11)
    while (read.length < 12) await new Promise(setImmediate)
    expect(read.at(-1)).toBe(1)
  })

  it('ends by what a listener of it throws, and throws nothing itself', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    guardStream(stream)
    stream.on('data', () => {
      throw new Error('boom')
    })
    const ended = once(stream, 'error')
    stream.push('a')
    expect(String((await ended)[0])).toContain('what it sent cannot be dealt with (boom)')
  })

  it('ends when the other side has replies made and takes none of them', async () => {
    const stream = new Duplex({ read: () => undefined, write: () => undefined })
    guardStream(stream)
    stream.on('data', () => stream.write(Buffer.alloc(4 * 1024 * 1024)))
    const ended = once(stream, 'error')
    for (let requests = 0; requests < 12; requests++) {
      if (!stream.destroyed) stream.push('a request that wants a reply')
      await new Promise(setImmediate)
    }
    expect(String((await ended)[0])).toContain('it does not take what is sent to it')
  })
})
