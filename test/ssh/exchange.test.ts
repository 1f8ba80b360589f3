import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { startServer } from './server.ts'
import { exchange, hostError, job, output, pool, probe, signal } from './support.ts'

describe('an exchange', () => {
  it('runs jobs and probes over one connection and counts', async () => {
    await using server = await startServer()
    const told: unknown[] = []
    await using subject = pool(server.target(), {
      onConnected: host => told.push(host),
      onExchange: (host, { jobs, probes }) => told.push([host, jobs, probes]),
    })
    expect(subject.exchanges()).toEqual(new Map([['w1', 0]]))
    const lines: unknown[] = []
    const path = join(server.folder, 'file')
    const reply = await exchange(
      subject,
      {
        jobs: [
          job({ run: 'echo working; echo hard >&2' }, { write: path, content: 'ü', mode: 0o600 }),
          job({ run: 'exit 3' }),
        ],
        probes: [probe(`cat ${path}`), probe('exit 4'), probe(`cat ${path}`)],
      },
      { onOutput: (index, line) => lines.push(`${index} ${line}`) },
    )
    expect(reply.jobs[0]?.verify?.stdout).toBe('verified\n')
    expect(reply.jobs[1]?.failure).toMatchObject({ step: 0, exitCode: 3 })
    expect(reply.results.map(result => [result.exitCode, result.stdout])).toEqual([
      [0, 'ü'],
      [4, ''],
      [0, 'ü'],
    ])
    expect(lines.sort()).toEqual(['0 hard', '0 working'])
    expect(server.connections).toBe(1)
    expect(server.commands).toEqual(['/bin/sh -s'])
    expect(subject.exchanges()).toEqual(new Map([['w1', 1]]))
    expect(told).toEqual(['w1', ['w1', 2, 3]])
  })

  it('skips what a careless .bashrc prints before it', async () => {
    await using server = await startServer({ motd: 'Welcome to w1!\n0 probe 0\n' })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo out')).toBe('out\n')
  })

  it('carries large scripts and large output over a slow link, with one round trip a batch', async () => {
    await using server = await startServer({ delayMs: 15 })
    await using subject = pool(server.target())
    const content = 'x'.repeat(20_000)
    const path = join(server.folder, 'large')
    const reply = await exchange(subject, {
      jobs: [job({ write: path, content, mode: 0o600 })],
      probes: Array.from({ length: 60 }, (_, i) => probe(`cat ${path}; echo ${i}`)),
    })
    expect(reply.results.map(result => result.stdout)).toEqual(Array.from({ length: 60 }, (_, i) => `${content}${i}\n`))
    expect(server.commands).toHaveLength(1)
  })

  it('does not wait for a daemon that keeps its output open', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const pidFile = join(server.folder, 'pid')
    const reply = await exchange(subject, { jobs: [job({ run: `setsid sleep 300 & echo $! >${pidFile}` })] })
    expect(reply.jobs[0]?.verify?.stdout).toBe('verified\n')
    process.kill(Number(await readFile(pidFile, 'utf8')))
  })

  it('never calls a channel that closes without an exit status a success', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    await output(subject, 'true')
    server.closeWithoutExit = true
    const error = await hostError(output(subject, 'true'), 'lost')
    expect(error.message).toContain('outcome is unknown')
    server.closeWithoutExit = false
    expect(await output(subject, 'echo again')).toBe('again\n')
  })

  it('says that the outcome is unknown when the connection drops, and connects again for the next one', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const started = join(server.folder, 'started')
    const lost = hostError(exchange(subject, { jobs: [job({ run: `touch ${started}; sleep 3` })] }), 'lost')
    await expect.poll(() => existsSync(started)).toBe(true)
    server.dropConnections()
    expect((await lost).details).toMatchObject({ where: `w1 (127.0.0.1:${server.port})` })
    expect(await output(subject, 'echo again')).toBe('again\n')
    expect(server.connections).toBe(2)
    expect(subject.exchanges().get('w1')).toBe(2)
  })

  it('gives a session that outlives its connection a new one', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const session = await subject.session('w1', signal)
    server.dropConnections()
    await new Promise(resolve => setTimeout(resolve, 50))
    const reply = await session.exchange({ jobs: [], probes: [probe('echo here')] }, { signal })
    expect(reply.results[0]?.stdout).toBe('here\n')
  })

  it('starts again on a new connection when the link was dead before anything was sent', async () => {
    await using server = await startServer()
    await using subject = pool(server.target(), { keepaliveMs: 100 })
    await output(subject, 'true')
    server.freeze()
    expect(await output(subject, 'echo again')).toBe('again\n')
    expect(server.connections).toBe(2)
  })

  it('is not given up as silent before a dead link is noticed', () => {
    expect(3 * limits.keepaliveMs).toBeLessThan(limits.rootMs + limits.marginMs)
  })

  it('notices a dead link in bounded time', async () => {
    await using server = await startServer()
    await using subject = pool(server.target(), { keepaliveMs: 100 })
    await output(subject, 'true')
    const lost = hostError(output(subject, 'sleep 2'), 'lost')
    await expect.poll(() => server.commands.length).toBe(2)
    server.freeze()
    expect((await lost).message).toContain('no sign of life')
  })

  it('ends an exchange at its time-out, and what runs there with it', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const pidFile = join(server.folder, 'pid')
    const error = await hostError(
      exchange(subject, { probes: [probe('true'), probe(`echo $$ >${pidFile}; sleep 300`)] }, { timeoutMs: 1000 }),
      'timed out',
    )
    expect(error.details.actual).toContain('probe 0 0')
    const pid = Number(await readFile(pidFile, 'utf8'))
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false)
  })

  it('refuses a probe that prints too much, and goes on afterwards', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    // A busy machine takes longer for that much than a probe may.
    const probes = [{ ...probe('yes'), timeoutMs: 120_000 }]
    const error = await hostError(exchange(subject, { probes }, { timeoutMs: 150_000 }), 'protocol')
    expect(error.message).toContain('at most 256 MiB')
    expect(await output(subject, 'echo on')).toBe('on\n')
  })

  it('opens at most 8 channels at a time', async () => {
    await using server = await startServer({ maxSessions: 10 })
    await using subject = pool(server.target())
    const all = Array.from({ length: 14 }, (_, i) => output(subject, `sleep 0.1; echo ${i}`))
    expect(await Promise.all(all)).toEqual(Array.from({ length: 14 }, (_, i) => `${i}\n`))
    expect(server.mostChannels).toBeLessThanOrEqual(8)
    expect(server.connections).toBe(1)
  })

  it('makes do with fewer where the server refuses more', async () => {
    await using server = await startServer({ maxSessions: 2 })
    await using subject = pool(server.target())
    const all = Array.from({ length: 8 }, (_, i) => output(subject, `sleep 0.05; echo ${i}`))
    expect(await Promise.all(all)).toEqual(Array.from({ length: 8 }, (_, i) => `${i}\n`))
  })

  it('needs no folder on the host for probes', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const note = 'ls /run/evcctl/exchange/$$ 2>/dev/null; true'
    expect(await output(subject, note)).toBe('')
    // It is the one that jobs have, so that a later exchange can end what a lost connection left.
    const withJob = await exchange(subject, { jobs: [job({ run: ':' })], probes: [probe(note)] })
    expect(withJob.results[0]?.stdout).not.toBe('')
  })
})
