import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { startServer, type TestServer } from './server.ts'
import { exchange, expectGone, hostError, job, output, pool, probe, signal } from './support.ts'

// A tree of processes, one of which does not listen to TERM.
function tree(server: TestServer): string {
  return `cd ${server.folder}
sleep 300 & echo "$!" >>pids
sh -c 'trap "" TERM; while :; do sleep 0.2; done' & echo "$!" >>pids
touch started
wait`
}

async function started(server: TestServer): Promise<number[]> {
  await expect.poll(() => existsSync(join(server.folder, 'started')), { timeout: 5000 }).toBe(true)
  return (await readFile(join(server.folder, 'pids'), 'utf8')).trim().split('\n').map(Number)
}

describe('cancelling', () => {
  it('ends the process group of an exchange, and the connection goes on', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const abort = new AbortController()
    const cancelled = hostError(
      exchange(
        subject,
        { jobs: [job({ run: tree(server) }, { run: `touch ${server.folder}/no` })] },
        { signal: abort.signal },
      ),
      'cancelled',
    )
    const pids = await started(server)
    abort.abort()
    expect((await cancelled).exitCode).toBe(130)
    await expectGone(...pids)
    expect(existsSync(join(server.folder, 'no'))).toBe(false)
    expect(await output(subject, 'echo on')).toBe('on\n')
    expect(server.connections).toBe(1)
  }, 30_000)

  it('ends it as root, also where sudo wants a password', async () => {
    await using server = await startServer({ sudo: { password: 'hunter22' } })
    await using subject = pool(server.target({ user: 'ubuntu', sudoPassword: new Secret('hunter22', 'sudo password') }))
    const abort = new AbortController()
    const cancelled = hostError(
      exchange(subject, { probes: [probe(tree(server))] }, { signal: abort.signal }),
      'cancelled',
    )
    const pids = await started(server)
    abort.abort()
    await cancelled
    await expectGone(...pids)
  }, 30_000)

  it('rejects at once what has not begun', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    await hostError(subject.session('w1', AbortSignal.abort()), 'cancelled')
    const session = await subject.session('w1', signal)
    await hostError(
      session.exchange({ jobs: [], probes: [probe('true')] }, { signal: AbortSignal.abort() }),
      'cancelled',
    )
    expect(server.commands).toEqual([])
  })

  it('gives up a connection that nobody waits for any more, but not one that others want', async () => {
    await using server = await startServer({ delayMs: 50 })
    await using subject = pool(server.target())
    const abort = new AbortController()
    const first = hostError(subject.session('w1', abort.signal), 'cancelled')
    const second = subject.session('w1', signal)
    abort.abort()
    await first
    expect((await second).host).toBe('w1')
    expect(server.connections).toBe(1)
  })

  it('ends a command of run()', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const abort = new AbortController()
    const ignore = (): void => undefined
    const cancelled = hostError(
      subject.run('w1', {
        command: tree(server),
        sudo: false,
        signal: abort.signal,
        onStdout: ignore,
        onStderr: ignore,
      }),
      'cancelled',
    )
    const pids = await started(server)
    abort.abort()
    await cancelled
    await expectGone(...pids)
  }, 30_000)
})
