import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel, ServerChannel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { forwardedStream } from '../../src/ssh/forwarded.ts'
import { guardStream } from '../../src/ssh/guarded-stream.ts'
import { sendMessage, sshString } from './hostile.ts'
import { startServer } from './server.ts'
import { hostError, output, pool } from './support.ts'

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

describe('a connection that a jump host makes', () => {
  it('keeps nothing of what the jump host sends beside it, and does not end by an error there', async () => {
    const stderr = new PassThrough()
    const channel = Object.assign(new PassThrough(), { stderr })
    const stream = forwardedStream(channel as unknown as Channel)
    for (let megabytes = 0; megabytes < 20; megabytes++) {
      stderr.write(Buffer.alloc(1024 * 1024))
      await new Promise(setImmediate)
    }
    expect(stderr.readableLength + stderr.writableLength).toBeLessThan(2 * 1024 * 1024)
    stderr.destroy(new Error('stream.push() after EOF'))
    await new Promise(resolve => stderr.once('close', resolve))
    expect(stream.destroyed).toBe(false)
  })
})

describe('a stream that is guarded', () => {
  it('lets others have their turn after each chunk', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    guardStream(stream)
    const read: string[] = []
    stream.on('data', chunk => read.push(String(chunk)))
    stream.push('a')
    stream.push('b')
    await new Promise(resolve => process.nextTick(resolve))
    expect(read).toEqual(['a'])
    while (read.length < 2) await new Promise(setImmediate)
    expect(read).toEqual(['a', 'b'])
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
