import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { Pool } from '../../src/ssh/index.ts'
import { startServer } from './server.ts'
import { hostError, output, pool, signal } from './support.ts'

async function run(subject: Pool, command: string, sudo = false, abort = signal): Promise<number> {
  const quiet = (): void => undefined
  const { exitCode } = await subject.run('w1', { command, sudo, signal: abort, onStdout: quiet, onStderr: quiet })
  return exitCode
}

describe('a command whose connection ends', () => {
  it.each([false, true])(
    'between its request and the answer may have run, and is not run again (sudo %s)',
    async sudo => {
      await using server = await startServer()
      await using subject = pool(server.target({ user: 'ubuntu' }))
      const file = join(server.folder, 'ran')
      await subject.session('w1', signal)
      server.cutAt = 'exec'
      const error = await hostError(run(subject, `echo ran >>${file}`, sudo), 'lost')
      expect(error.details.problem).toContain('it is unknown whether the command ran')
      expect(error.details.next).toContain('Look on the host whether it ran')
      expect(server.commands).toHaveLength(1)
      await expect.poll(() => existsSync(file)).toBe(true)
      expect(await readFile(file, 'utf8')).toBe('ran\n')
      expect(await run(subject, 'true', sudo)).toBe(0)
    },
  )

  it('before it was asked for is run over a new one', async () => {
    await using server = await startServer()
    await using subject = pool(server.target())
    const file = join(server.folder, 'ran')
    await subject.session('w1', signal)
    server.cutAt = 'session'
    expect(await run(subject, `echo ran >>${file}`)).toBe(0)
    expect(await readFile(file, 'utf8')).toBe('ran\n')
    expect(server.connections).toBe(2)
  })

  it('in an exchange is begun anew: a shell that was sent no script has done nothing', async () => {
    await using server = await startServer()
    await using subject = pool(server.target({ user: 'ubuntu' }))
    await subject.session('w1', signal)
    server.cutAt = 'exec'
    expect(await output(subject, 'echo here')).toBe('here\n')
    expect(server.connections).toBe(2)
  })

  it('does not run behind sudo with a password, before that is sent', async () => {
    // From the second call on, sudo wants no password: what is behind it begins at once.
    await using server = await startServer({ sudo: { password: 'correct horse', thenNone: true } })
    await using subject = pool(
      server.target({ user: 'ubuntu', sudoPassword: new Secret('correct horse', 'SUDO_PASSWORD') }),
    )
    await output(subject, 'true')
    const file = join(server.folder, 'ran')
    server.cutAt = 'exec'
    await hostError(run(subject, `echo ran >>${file}`, true), 'lost')
    await sleep(300)
    expect(existsSync(file)).toBe(false)
  })
})

describe('a command that is cancelled while its request is not answered', () => {
  it('is not said not to have run', async () => {
    await using server = await startServer({ answersNoExec: true })
    await using subject = pool(server.target())
    const abort = new AbortController()
    const cancelled = hostError(run(subject, 'true', false, abort.signal), 'cancelled')
    await expect.poll(() => server.commands).toHaveLength(1)
    abort.abort()
    expect((await cancelled).details.problem).toBe('cancelled; it is unknown whether the command ran')
  }, 15_000)
})
