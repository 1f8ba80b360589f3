import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { startFidoAgent } from '../ssh/fido-agent.ts'
import { hostError, output, pool } from '../ssh/support.ts'
import { startHosts } from './kit/start-hosts.ts'

const run = promisify(execFile)

let hosts: LocalHosts
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-habits-'))
  hosts = await startHosts({
    hosts: [{ name: 'asks', roles: ['worker'], password: 'the right one', sudo: 'with password' }],
  })
}, 300_000)

afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function onHost(command: string): Promise<void> {
  const { exitCode, stderr } = await hosts.exec('asks', command)
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`)
}

/** Reaches the host with its own key, and sudo with the right password. */
function target(overrides: Partial<SshTarget> = {}): SshTarget {
  const { address, user } = hosts.host('asks')
  return {
    name: 'w1',
    address,
    user,
    identityFiles: [hosts.identityFile],
    agent: false,
    knownHosts: { files: [hosts.knownHostsFile], policy: 'strict' },
    sudoPassword: new Secret('the right one', 'SUDO'),
    connectTimeoutMs: 10_000,
    ...overrides,
  }
}

async function runsAsRoot(subject: SshTarget): Promise<string | undefined> {
  await using connected = pool(subject)
  expect(await output(connected, 'id -u')).toBe('0\n')
  return connected.describe('w1')?.login
}

describe('a real sshd and sudo', () => {
  it.each(['ed25519', 'rsa', 'ecdsa'])('take a certificate for an %s key, of a file and of an agent', async type => {
    const [authority, key, socket] = ['ca', 'id', 'agent'].map(name => join(folder, `${type}-${name}`)) as [
      string,
      string,
      string,
    ]
    const user = hosts.host('asks').user
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority])
    await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', key])
    await run('ssh-keygen', ['-q', '-s', authority, '-I', 'test', '-n', user, `${key}.pub`])
    const { stdout: line } = await run('cat', [`${authority}.pub`])
    await onHost(`echo 'cert-authority ${line.trim()}' >>~${user}/.ssh/authorized_keys`)
    expect(await runsAsRoot(target({ identityFiles: [key] }))).toContain(`certificate ${key}-cert.pub`)

    const agent = execFile('ssh-agent', ['-D', '-a', socket])
    try {
      await vi.waitFor(() => run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } }), 5_000)
      vi.stubEnv('SSH_AUTH_SOCK', socket)
      expect(await runsAsRoot(target({ agent: true, identityFiles: [] }))).toBe('agent: 2 keys')
    } finally {
      vi.unstubAllEnvs()
      agent.kill()
    }
  })

  it('take a FIDO key of an agent', async () => {
    const socket = join(folder, 'fido')
    const { line, server } = await startFidoAgent(socket)
    try {
      await onHost(`echo '${line}' >>~${hosts.host('asks').user}/.ssh/authorized_keys`)
      vi.stubEnv('SSH_AUTH_SOCK', socket)
      expect(await runsAsRoot(target({ agent: true, identityFiles: [] }))).toBe('agent: 1 key')
    } finally {
      vi.unstubAllEnvs()
      server.close()
    }
  })

  it('get the password although an old line of sudoers is warned of', async () => {
    await onHost("echo 'Defaults no_such_setting' >/etc/sudoers.d/old; chmod 0440 /etc/sudoers.d/old")
    await runsAsRoot(target())
    await onHost('rm /etc/sudoers.d/old')
  })

  it('are waited for while /run/nologin is there, and then told in their own words', async () => {
    await onHost('echo "back at noon" >/run/nologin')
    const waiting = runsAsRoot(target())
    await new Promise(resolve => setTimeout(resolve, 1_500))
    await onHost('rm /run/nologin')
    await waiting
    await onHost('echo "back at noon" >/run/nologin')
    await using subject = pool(target({ connectTimeoutMs: 2_000 }))
    const { problem, actual } = (await hostError(output(subject, 'true'), 'login')).details
    await onHost('rm /run/nologin')
    expect(problem).toContain('then closed the connection: the account may not log in')
    expect(actual).toContain('the server says: back at noon')
  })

  it('say which password has expired', async () => {
    const { user } = hosts.host('asks')
    await onHost(`chage -d 0 ${user}`)
    await using subject = pool(target())
    const { problem, next } = (await hostError(output(subject, 'true'), 'root')).details
    await onHost(`chage -d 2025-01-01 ${user}`)
    expect(problem).toBe(`the password of ${user} has expired`)
    expect(next).toMatch(new RegExp(`^ssh -t .*${user}@`))
    await onHost(`chage -E 0 ${user}`)
    await using expired = pool(target({ connectTimeoutMs: 2_000 }))
    const account = (await hostError(output(expired, 'true'), 'login')).details
    await onHost(`chage -E -1 ${user}`)
    expect(account.problem).toContain('the account may not log in')
    expect(account.actual).toContain('Your account has expired')
    await runsAsRoot(target())
  })

  it('name what they offer where there is nothing in common', async () => {
    const line = 'KexAlgorithms sntrup761x25519-sha512@openssh.com'
    await onHost(
      `echo '${line}' >/etc/ssh/sshd_config.d/00-kex.conf; systemctl reload ssh || kill -HUP $(pgrep -o sshd)`,
    )
    // While sshd starts anew it may close connections before it offers anything.
    await vi.waitFor(
      async () => {
        await using subject = pool(target())
        const { actual, next } = (await hostError(output(subject, 'true'), 'unreachable')).details
        expect(actual).toContain('offers: sntrup761x25519-sha512@openssh.com')
        expect(actual).not.toContain('kex-strict')
        expect(next).toContain('KexAlgorithms +curve25519-sha256')
      },
      { timeout: 20_000, interval: 500 },
    )
  })
})
