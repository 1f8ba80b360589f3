import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerChannel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { passwordPrompt } from '../../src/ssh/sudo.ts'
import { fakeSudo } from './fake-sudo.ts'
import { startServer } from './server.ts'
import { exchange, hostError, job, output, pool, probe } from './support.ts'

const password = new Secret('correct horse', 'JETSON_SUDO')
const asUbuntu = { user: 'ubuntu' } as const

describe('becoming root', () => {
  it('needs no sudo for root', async () => {
    await using server = await startServer({ sudo: 'missing' })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo root')).toBe('root\n')
    expect(subject.describe('w1')?.via).toBe('root')
  })

  it('uses sudo without a password in the same exchange, with the same words each time', async () => {
    await using server = await startServer()
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    await exchange(subject, { jobs: [job({ run: 'true' })], probes: [probe('true')] })
    await output(subject, 'true')
    expect(new Set(server.commands).size).toBe(1)
    expect(server.commands[0]).toMatch(/exec sudo -k -n -- "\$@"' sh \/bin\/sh -s$/)
    expect(subject.describe('w1')?.via).toBe('sudo')
  })

  it('gives the password only where sudo wants it, and remembers', async () => {
    await using server = await startServer({
      sudo: { password: 'correct horse', lecture: 'We trust you have received' },
    })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    const request = { jobs: [job({ run: 'cat', stdin: 'x' })], probes: [probe('echo "$0"; cat; env; set')] }
    const replies = [
      await exchange(subject, request),
      await exchange(subject, request),
      await exchange(subject, request),
    ]
    expect(replies.map(reply => reply.jobs[0]?.verify?.stdout)).toEqual(Array(3).fill('verified\n'))
    expect(JSON.stringify(replies)).not.toContain('correct horse')
    expect(server.commands.map(command => /sudo -k (-.)/.exec(command)?.[1])).toEqual(['-n', '-S', '-S', '-S'])
    expect(server.commands.join('\n')).not.toContain('correct horse')
    expect(subject.describe('w1')?.via).toBe('sudo with password')
  })

  it('does not let the password reach the shell where sudo stops asking in the middle of a run', async () => {
    await using server = await startServer({ sudo: { password: 'correct horse' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    await output(subject, 'true')
    // From now on it takes no password, as after a change of sudoers.
    await exchange(subject, {
      jobs: [job({ write: `${server.folder}/bin/sudo`, content: '#!/bin/sh\nshift 5\nexec "$@"\n', mode: 0o755 })],
    })
    const reply = await exchange(subject, { probes: [probe('echo fine')] })
    expect(reply.results[0]).toEqual({ exitCode: 0, stdout: 'fine\n', stderr: '' })
  })

  it('offers a wrong password once, names it, and does not print it', async () => {
    await using server = await startServer({ sudo: { password: 'correct horse' } })
    await using subject = pool(
      server.target({ ...asUbuntu, sudoPassword: new Secret('battery staple', 'JETSON_SUDO') }),
    )
    const error = await hostError(output(subject, 'echo secret script'), 'root')
    expect(error.message).toContain('JETSON_SUDO')
    expect(error.message).toContain('Sorry, try again.')
    expect(error.message).not.toContain('battery staple')
    expect(error.message).not.toContain('incorrect password attempts')
    expect(await readFile(server.sudoLog, 'utf8')).not.toContain('battery')
  })

  it('gives a password that is no longer right once, nothing else in its place, and not again later in the run', async () => {
    await using server = await startServer({ sudo: { password: 'correct horse' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    await output(subject, 'true')
    await fakeSudo(server.folder, { password: 'another one' }, 1000)
    const read = join(server.folder, 'bin', 'sudo.read')
    await rm(read)
    const first = await hostError(exchange(subject, { jobs: [job({ run: 'true' })] }), 'root')
    expect(first.details.problem).toBe('sudo did not take the password of ubuntu')
    const runs = server.commands.length
    await hostError(output(subject, 'true'), 'root')
    await expect.poll(() => server.openChannels).toBe(0)
    expect(await readFile(read, 'utf8')).toBe('correct horse\n')
    expect(server.commands).toHaveLength(runs)
  })

  it('gives a wrong password once, however many exchanges there are at a time', async () => {
    await using server = await startServer({ sudo: { password: 'another one' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    const errors = await Promise.all([1, 2, 3, 4].map(() => hostError(output(subject, 'true'), 'root')))
    expect(new Set(errors.map(({ details }) => details.problem)).size).toBe(1)
    await expect.poll(() => server.openChannels).toBe(0)
    expect(await readFile(join(server.folder, 'bin', 'sudo.read'), 'utf8')).toBe('correct horse\n')
  })

  it.each([
    ['asks for it again and again', (channel: ServerChannel) => void channel.stderr.write(passwordPrompt.repeat(3))],
    ['asks on', (channel: ServerChannel) => void setInterval(() => channel.stderr.write(passwordPrompt), 20).unref()],
    ['says nothing', () => undefined],
  ])('gives the password to a host once, when it %s', async (_how, answer) => {
    let heard = ''
    let commands = 0
    await using server = await startServer({
      answer: channel => {
        if (commands++ === 0) {
          channel.stderr.write('evcctl-login:1000\n')
          channel.exit(1)
          channel.end()
          return
        }
        channel.on('data', (chunk: Buffer) => {
          heard += chunk.toString()
        })
        channel.stderr.write(passwordPrompt)
        setTimeout(() => answer(channel), 100)
      },
    })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }), { sudoSeconds: 1 })
    await hostError(output(subject, 'true'), 'root')
    await hostError(output(subject, 'true'), 'root')
    expect(heard).toBe('correct horse\n')
  })

  it('does not take a connection that is lost for a password that is refused', async () => {
    await using server = await startServer({
      answer: (channel, client) => {
        if (server.commands.length === 1) {
          channel.stderr.write('evcctl-login:1000\n')
          channel.exit(1)
          channel.end()
          return
        }
        channel.once('data', () => client.end())
        channel.stderr.write(passwordPrompt)
      },
    })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    const error = await hostError(output(subject, 'true'), 'lost')
    expect(error.details.problem).toBe('the connection was lost while sudo had the password; nothing ran')
  })

  it.each([
    ['asks for a password and none is given', { password: 'x' }, 'spec.ssh.sudoPassword', 'a password is required'],
    ['is not installed', 'missing', 'sudo is not installed, and ubuntu is not root', 'not found'],
    ['wants a terminal', 'wants a terminal', 'requiretty', 'must have a tty'],
    ['does not know the user', 'not allowed', 'ubuntu may not become root', 'not in the sudoers file'],
  ] as const)('says so when sudo %s', async (_case, sudo, problem, actual) => {
    await using server = await startServer({ sudo })
    await using subject = pool(server.target(asUbuntu))
    const error = await hostError(output(subject, 'true'), 'root')
    expect(error.message).toContain(problem)
    expect(error.details.actual).toContain(actual)
    expect(error.details.next).toMatch(/ssh /)
    expect(error.details.where).toBe(`w1 (127.0.0.1:${server.port})`)
  })

  it('runs commands for `evcctl exec` as the user or as root', async () => {
    await using server = await startServer({ sudo: { password: 'correct horse' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    const run = async (command: string, sudo: boolean): Promise<[number, string, string]> => {
      let stdout = ''
      let stderr = ''
      const { exitCode } = await subject.run('w1', {
        command,
        sudo,
        signal: new AbortController().signal,
        onStdout: chunk => {
          stdout += chunk
        },
        onStderr: chunk => {
          stderr += chunk
        },
      })
      return [exitCode, stdout, stderr]
    }
    expect(await run('echo out; echo err >&2; cat; exit 7', false)).toEqual([7, 'out\n', 'err\n'])
    expect(await run("echo 'it''s' out; echo err >&2; cat; exit 8", true)).toEqual([8, 'its out\n', 'err\n'])
    expect(await run('echo again', true)).toEqual([0, 'again\n', ''])
    for (const sudo of [false, true]) expect((await run('kill -9 $$', sudo))[0]).toBe(137)
    expect(await run('no-such-command', false)).toEqual([127, '', expect.stringContaining('not found')])
    expect(server.connections).toBe(1)
  })

  it('takes a login with the uid 0 for root, whatever its name', async () => {
    await using server = await startServer({ sudo: 'missing', uid: 0 })
    await using subject = pool(server.target({ user: 'toor' }))
    expect(await output(subject, 'echo root')).toBe('root\n')
    expect(subject.describe('w1')?.via).toBe('root')
    await output(subject, 'echo root')
    expect(server.commands.at(-1)).toBe('/bin/sh -s')
  })

  it.each([
    '/etc/sudoers.d/old:1:10: unknown defaults entry "no_such_setting"',
    'sudo: unable to resolve host w1: Name or service not known',
    'Désolé, l’utilisateur ubuntu n’est pas autorisé. sudoers: must have a tty, not allowed',
  ])('gives the password whatever sudo prints: %s', async noise => {
    await using server = await startServer({ sudo: { password: 'correct horse', noise, refusal: 'sudo: Passwort?' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    expect(await output(subject, 'echo in')).toBe('in\n')
  })

  it.each([
    ['has expired', 'expired', 'the password of ubuntu has expired', / -t .* passwd/],
    [
      'may be asked for something else',
      'silence',
      'sudo has neither let ubuntu in nor refused within 1 s',
      / sudo -k true$/,
    ],
    ['may not become root, in another language', 'forbidden', 'sudo did not let ubuntu become root', / sudo -k -l$/],
  ] as const)('says so when the right password does not help: the user %s', async (_what, after, problem, next) => {
    await using server = await startServer({ sudo: { password: 'correct horse', after } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }), { sudoSeconds: 1 })
    const error = await hostError(output(subject, 'echo secret'), 'root')
    expect(error.message).toContain(problem)
    expect(error.details.next).toMatch(next)
    expect(error.message).not.toContain('correct horse')
  })

  it('does not take a login that runs no command for a sudo that refuses', async () => {
    await using server = await startServer()
    const shell = join(server.folder, 'bin', 'no-login')
    const says = (text: string): Promise<void> =>
      writeFile(shell, `#!/bin/sh\necho '${text}' >&2\nexit 1\n`, { mode: 0o755 })
    await says('This account is currently not available.')
    await using closed = await startServer({ shell })
    await using subject = pool(closed.target({ ...asUbuntu, sudoPassword: password }))
    expect((await hostError(output(subject, 'true'), 'root')).message).toContain('does not run commands')
    // As sshd itself says it.
    await says('WARNING: Your password has expired.\nPassword change required but no TTY available.')
    const error = await hostError(output(subject, 'true'), 'root')
    expect(error.message).toContain('the password of ubuntu has expired')
    expect(error.details.next).toMatch(/^ssh -t .*ubuntu@127\.0\.0\.1/)
    expect(closed.commands.every(command => command.includes('sudo -k -n'))).toBe(true)
  })

  const shells = ['csh', 'tcsh', 'fish', 'zsh', 'bash', 'dash']
  const installed = shells.flatMap(
    name => ['/bin', '/usr/bin'].map(folder => join(folder, name)).find(existsSync) ?? [],
  )
  it.each(installed)('works behind the login shell %s', async shell => {
    await using server = await startServer({ shell, sudo: { password: 'correct horse' } })
    await using subject = pool(server.target({ ...asUbuntu, sudoPassword: password }))
    expect(await output(subject, 'echo in')).toBe('in\n')
  })
})
