import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { startServer } from './server.ts'
import { exchange, hostError, job, output, pool, probe } from './support.ts'

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

describe('pushing files', () => {
  it('puts bytes in place between the steps of a job, as root', async () => {
    await using server = await startServer({ sudo: { password: 'correct horse' } })
    const file = join(server.folder, 'source')
    await writeFile(file, Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256)))
    await using subject = pool(
      server.target({ user: 'ubuntu', sudoPassword: new Secret('correct horse', 'sudo password') }),
    )
    const to = join(server.folder, 'into', "it's here")
    const started: number[] = []
    const session = await subject.session('w1', new AbortController().signal)
    const reply = await session.exchange(
      {
        jobs: [
          job({ push: file, to: join(server.folder, 'first'), sha256: await sha256(file), mode: 0o600 }),
          job(
            { run: `mkdir ${server.folder}/into` },
            { push: file, to, sha256: await sha256(file), mode: 0o755 },
            { run: `test -x "${to}"` },
          ),
        ],
        probes: [probe(`sha256sum <"${to}"`)],
      },
      { signal: new AbortController().signal, onJobStart: index => started.push(index) },
    )
    expect(reply.jobs.map(result => result.verify?.stdout)).toEqual(['verified\n', 'verified\n'])
    expect(reply.results[0]?.stdout).toContain(await sha256(file))
    expect((await readFile(to)).equals(await readFile(file))).toBe(true)
    expect((await stat(to)).mode & 0o7777).toBe(0o755)
    expect(started).toEqual([0, 1])
    expect(subject.exchanges().get('w1')).toBe(1)
    expect(server.commands.join()).not.toContain('source')
  })

  it('keeps nothing of a file with another sha256, and goes on with the other jobs', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'source')
    await writeFile(file, 'content')
    await mkdir(join(server.folder, 'to'))
    const to = join(server.folder, 'to', 'file')
    const wrong = { push: file, to, sha256: 'a'.repeat(64), mode: 0o600 }
    await using subject = pool(server.target())
    const reply = await exchange(subject, {
      jobs: [
        job(wrong, { run: `touch ${server.folder}/no` }),
        job({ push: '/nonexistent/file', to, sha256: '', mode: 0o600 }),
        job({ push: file, to: '/nonexistent/folder/file', sha256: '', mode: 0o600 }),
        job({ run: 'true' }),
      ],
      probes: [probe(`ls -A ${server.folder}/to; ls ${server.folder}/no`)],
    })
    expect(reply.jobs[0]?.failure).toMatchObject({
      step: 0,
      exitCode: 1,
      stderr: expect.stringContaining('expected sha256 aaa'),
    })
    expect(reply.jobs[1]?.failure?.stderr).toContain('/nonexistent/file on this machine: ENOENT')
    expect(reply.jobs[2]?.failure?.exitCode).not.toBe(0)
    expect(reply.jobs[3]?.verify?.stdout).toBe('verified\n')
    expect(reply.results[0]?.stdout).toBe('')
  })

  it('sends a large file in bounded memory, and tells how far it is', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'large')
    const size = 100 * 1024 * 1024
    await using handle = await open(file, 'w')
    await handle.truncate(size)
    await using subject = pool(server.target())
    await output(subject, 'true')
    const lines: string[] = []
    let most = 0
    const before = process.memoryUsage().rss
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before)
    }, 10)
    const to = join(server.folder, 'copy')
    const reply = await exchange(
      subject,
      { jobs: [job({ push: file, to, sha256: await sha256(file), mode: 0o600 })] },
      { onOutput: (_job, line) => lines.push(line) },
    )
    clearInterval(timer)
    expect(reply.jobs[0]?.verify?.stdout).toBe('verified\n')
    expect((await stat(to)).size).toBe(size)
    for (const line of lines) expect(line).toMatch(/^[\d.]+ of 105 MB$/)
    // Client and server are both in this process.
    expect(most).toBeLessThan(size)
  }, 60_000)

  it('leaves nothing behind when it is cancelled or the connection drops', async () => {
    await using server = await startServer({ delayMs: 20 })
    const file = join(server.folder, 'large')
    await using handle = await open(file, 'w')
    await handle.truncate(2_000_000_000)
    const to = join(server.folder, 'to')
    await mkdir(to)
    const request = { jobs: [job({ push: file, to: join(to, 'file'), sha256: 'a'.repeat(64), mode: 0o600 })] }
    await using subject = pool(server.target())
    const abort = new AbortController()
    const cancelled = hostError(exchange(subject, request, { signal: abort.signal }), 'cancelled')
    await expect.poll(() => readdir(to)).toEqual(['.file.evcctl'])
    abort.abort()
    await cancelled
    await expect.poll(() => readdir(to)).toEqual([])
    const lost = hostError(exchange(subject, request), 'lost')
    await expect.poll(() => readdir(to)).toEqual(['.file.evcctl'])
    server.dropConnections()
    await lost
    await expect.poll(() => readdir(to), { timeout: 10_000 }).toEqual([])
  }, 30_000)
})
