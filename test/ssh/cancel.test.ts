import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { readSshConfig } from '../../src/ssh/config/index.ts'
import { connect } from '../../src/ssh/connect.ts'
import { KeyRing } from '../../src/ssh/keys.ts'
import { KnownHostsStore } from '../../src/ssh/known-hosts-store.ts'
import { resolveTarget } from '../../src/ssh/resolve.ts'
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
  await expect.poll(() => existsSync(join(server.folder, 'started')), { timeout: 20_000 }).toBe(true)
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

  it('ends a command of run() that was on its way', async () => {
    await using server = await startServer({ delayMs: 100 })
    await using subject = pool(server.target())
    await subject.session('w1', signal)
    const ignore = (): void => undefined
    const run = (abortAfterMs: number) =>
      hostError(
        subject.run('w1', {
          command: `echo $$ >>${server.folder}/pids; exec sleep 300`,
          sudo: false,
          signal: AbortSignal.timeout(abortAfterMs),
          onStdout: ignore,
          onStderr: ignore,
        }),
        'cancelled',
      )
    // While the channel is being opened, and while the first words of the command are on their way back.
    const errors = await Promise.all([run(50), run(450)])
    for (const error of errors) expect(error.details.problem).toBe('cancelled; the command was ended')
    const pids = (await readFile(join(server.folder, 'pids'), 'utf8')).trim().split('\n').map(Number)
    await expectGone(...pids)
    await expect.poll(() => server.openChannels).toBe(0)
  }, 30_000)

  it('sends nothing over a channel that opens after the abort', async () => {
    await using server = await startServer({ delayMs: 100 })
    await using subject = pool(server.target())
    await subject.session('w1', signal)
    const error = await hostError(
      exchange(subject, { probes: [probe(`touch ${server.folder}/no`)] }, { signal: AbortSignal.timeout(50) }),
      'cancelled',
    )
    expect(error.details.problem).toBe('cancelled before anything ran')
    await expect.poll(() => server.mostChannels).toBe(1)
    await expect.poll(() => server.openChannels).toBe(0)
    expect(existsSync(join(server.folder, 'no'))).toBe(false)
  })

  it('does not wait without end for a channel that the server refuses', async () => {
    await using server = await startServer({ maxSessions: 1 })
    const endpoint = resolveTarget(server.target(), readSshConfig('/nonexistent'))
    const services = { knownHosts: new KnownHostsStore(), keys: new KeyRing(), keepaliveMs: 15_000 }
    const connection = await connect(endpoint, services, undefined, signal)
    const channel = await connection.exec('sleep 300')
    const refused = connection.exec('true', { urgent: true, signal: AbortSignal.timeout(100) })
    await expect(refused).rejects.toThrow('timeout')
    channel.close()
    await connection.close()
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
