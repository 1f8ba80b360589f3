import { createHash } from 'node:crypto'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection, ServerChannel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { startServer } from './server.ts'
import { slowLine } from './slow-line.ts'
import { exchange, hostError, job, output, pool, probe, signal } from './support.ts'

const impatient = { ...limits, marginMs: 500 }

describe('a host that falls silent', () => {
  it('within a step is found out by the bound of that step, not by the sum of all', async () => {
    await using server = await startServer()
    await using subject = pool(server.target(), { limits: impatient })
    // The shell itself stops, so that nothing on the host ends the step.
    const jobs = [job({ run: 'kill -STOP $$; sleep 100', timeoutMs: 1000 }, { run: 'true', timeoutMs: 3_600_000 })]
    const error = await hostError(exchange(subject, { jobs }), 'timed out')
    expect(error.message).toContain('nothing was heard of it for 2 s; what ran there was ended')
    expect(error.message).toContain('last heard: job 0')
  })

  it('within a probe is found out too, and the connection goes on', async () => {
    await using server = await startServer()
    await using subject = pool(server.target(), { limits: impatient })
    const stopping = { ...probe('kill -STOP $$; sleep 100'), timeoutMs: 1000 }
    const error = await hostError(exchange(subject, { probes: [probe('true'), stopping] }), 'timed out')
    expect(error.message).toContain('last heard: begin ')
    expect(await output(subject, 'echo here')).toBe('here\n')
  })
})

describe('what comes before a command', () => {
  it('is bounded for run() as well', async () => {
    await using server = await startServer({
      answer: async channel => {
        for (let sent = 0; sent < 40; sent++) channel.stderr.write('x'.repeat(10_000))
      },
    })
    await using subject = pool(server.target())
    const work = subject.run('w1', {
      command: 'true',
      sudo: false,
      signal,
      onStdout: () => undefined,
      onStderr: () => undefined,
    })
    expect((await hostError(work, 'protocol')).message).toContain(
      'what is printed before the command begins is too long\n  expected  at most 256 KiB',
    )
  })
})

describe('a command whose output nobody takes', () => {
  const cut = Promise.withResolvers<void>()

  // As no sshd does: it sends whatever the client's window is.
  const heedless = (channel: ServerChannel, client: Connection) => {
    const raw = client as unknown as { _protocol: { channelData(id: number, data: Buffer): void } }
    const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing
    client.once('close', () => cut.resolve())
    let sent = 0
    const send = (): void => {
      for (let i = 0; i < 32; i++) raw._protocol.channelData(id, Buffer.alloc(32_001, 'x'))
      sent += 32 * 32_001
      if (sent < 100 * 1024 * 1024) setTimeout(send, 5)
    }
    send()
  }

  it('is cut off when the host goes on sending all the same', async () => {
    await using server = await startServer({ answer: heedless })
    await using subject = pool(server.target())
    let taken = 0
    const work = subject.run('w1', {
      command: 'true',
      sudo: false,
      signal,
      onStdout: chunk => {
        taken += chunk.length
      },
      onStderr: () => undefined,
      backlog: () => cut.promise,
    })
    expect((await hostError(work, 'lost')).message).toContain('it sends more than it was told to')
    expect(taken).toBeLessThan(5 * 1024 * 1024)
  })

  it('goes on when what it waits for has failed', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    let taken = 0
    const { exitCode } = await subject.run('w1', {
      command: 'head -c 300000 /dev/zero',
      sudo: false,
      signal,
      onStdout: chunk => {
        taken += chunk.length
      },
      onStderr: () => undefined,
      backlog: () => Promise.reject(new Error('no space left on device')),
    })
    expect([exitCode, taken]).toEqual([0, 300_000])
  })

  it('is read to its end once it is cancelled, and what comes then is not kept', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const abort = new AbortController()
    let taken = 0
    const work = subject.run('w1', {
      command: 'yes',
      sudo: false,
      signal: abort.signal,
      onStdout: chunk => {
        taken += chunk.length
      },
      onStderr: () => undefined,
      backlog: () => new Promise(() => undefined),
    })
    await expect.poll(() => taken).toBeGreaterThan(0)
    abort.abort()
    await hostError(work, 'cancelled')
    expect(taken).toBeLessThan(1024 * 1024)
  })
})

describe('a pushed file', () => {
  it('that travels too slowly is given up, though it moves', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'large')
    await writeFile(file, Buffer.alloc(40 * 1024 * 1024))
    await using subject = pool(server.target(), { limits: { ...limits, pushMs: 1, pushBytesPerSecond: 1024 ** 4 } })
    const to = join(server.folder, 'there')
    const jobs = [job({ push: file, to, sha256: 'ab', mode: 0o644 })]
    expect((await hostError(exchange(subject, { jobs }), 'timed out')).message).toMatch(
      /only [\d.]+ of 42 MB of a file could be sent within 0 s/,
    )
  })
  it('is not given up as too slow for a time in which this machine stood still', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'large')
    const content = Buffer.alloc(40 * 1024 * 1024)
    await writeFile(file, content)
    await using subject = pool(server.target(), { limits: { ...limits, pushMs: 8_000, pushBytesPerSecond: 1024 ** 4 } })
    const sha256 = createHash('sha256').update(content).digest('hex')
    const jobs = [job({ push: file, to: join(server.folder, 'there'), sha256, mode: 0o644 })]
    const pushed = exchange(subject, { jobs })
    const size = () =>
      stat(join(server.folder, '.there.evcctl')).then(
        found => found.size,
        () => 0,
      )
    await expect.poll(size, { interval: 1 }).toBeGreaterThan(0)
    for (const began = performance.now(); performance.now() - began < 9_000; );
    expect((await pushed).jobs[0]?.verify?.stdout).toBe('verified\n')
  })
  it('over a line that is slow does not end the connection: what comes back meanwhile is a sign of life', async () => {
    await using server = await startServer()
    await using line = await slowLine(server.port, 1024 * 1024)
    const file = join(server.folder, 'large')
    const content = Buffer.alloc(5 * 1024 * 1024)
    await writeFile(file, content)
    await using subject = pool(server.target({ port: line.port }), { keepaliveMs: 500 })
    const sha256 = createHash('sha256').update(content).digest('hex')
    const jobs = [job({ push: file, to: join(server.folder, 'there'), sha256, mode: 0o644 })]
    expect((await exchange(subject, { jobs })).jobs[0]?.verify?.stdout).toBe('verified\n')
    expect(server.connections).toBe(1)
  }, 30_000)
})
