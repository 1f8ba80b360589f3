import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { type Machine, type SetupOptions, setUpLogins } from '../../src/ssh/index.ts'
import { authorizeScript } from '../../src/ssh/setup/authorize.ts'
import { newKey, type ServerOptions, startServer, type TestServer } from './server.ts'
import { signal } from './support.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-setup-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const password = 'correct horse'
const identityFile = () => join(folder, 'keys', 'id_ed25519')
const knownHosts = () => join(folder, 'known_hosts')

/** A server with a home folder of its own that lets in with a password, and with the keys in that folder. */
async function passwordServer(name = 'w1', options: ServerOptions = {}): Promise<TestServer & { home: string }> {
  const home = join(folder, `home-${name}`)
  await mkdir(home, { recursive: true, mode: 0o755 })
  const server = await startServer({ password, authorizedKeys: [], home, ...options })
  return Object.assign(server, { home })
}

function target(server: TestServer, overrides: Partial<SshTarget> = {}): SshTarget {
  const policy = { files: [knownHosts()], policy: 'strict' as const }
  return server.target({ identityFiles: [identityFile()], knownHosts: policy, ...overrides })
}

/** Questions answered from a list; what was asked is noted. */
function person(passwords: readonly string[], yes = true) {
  const asked: string[] = []
  const left = [...passwords]
  const names = (machines: readonly Machine[]) => machines.map(({ name }) => name).join()
  const questions: SetupOptions['questions'] = {
    hostKeys: async machines => {
      asked.push(`host keys of ${machines.map(({ name, progress }) => `${name} ${progress.fingerprint}`).join()}`)
      return yes
    },
    password: async (machines, again) => {
      asked.push(`${again ? 'again: ' : ''}password of ${names(machines)}`)
      return new Secret(left.shift() ?? '', 'password')
    },
  }
  return { asked, questions }
}

async function setUp(targets: SshTarget | readonly SshTarget[], options: Partial<SetupOptions> = {}) {
  const { machines, identities } = await setUpLogins([targets].flat(), {
    signal,
    questions: person([password]).questions,
    askPassword: 'once',
    dryRun: false,
    sshConfigFile: '/nonexistent',
    ...options,
  })
  return { machines, identities, progress: machines.map(machine => machine.progress) }
}

const authorizedKeys = (home: string) => readFile(join(home, '.ssh', 'authorized_keys'), 'utf8')
const modeOf = async (...path: string[]) => ((await stat(join(...path))).mode & 0o777).toString(8)

describe('setting up logins', () => {
  it('asks in the order of the file, whoever answers first', async () => {
    await using slow = await passwordServer('slow', { delayMs: 60 })
    await using quick = await passwordServer('quick')
    const { asked, questions } = person([password])
    await setUp([target(slow, { name: 'slow' }), target(quick, { name: 'quick' })], { questions })
    expect(asked[1]).toBe('password of slow,quick')
  })

  it('makes a key, records the host key, installs the key and proves it; a second time nothing is written', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person([password])
    const first = await setUp(target(server), { questions })
    expect(first.progress).toMatchObject([
      { hostKey: 'recorded', key: 'installed', login: 'ok', root: 'root', error: undefined },
    ])
    expect(asked).toEqual([expect.stringMatching(/^host keys of w1 ssh-ed25519 SHA256:\S{43}$/), 'password of w1'])
    const publicKey = await readFile(`${identityFile()}.pub`, 'utf8')
    expect(await authorizedKeys(server.home)).toBe(publicKey)
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ [^\s@]+@\S+\n$/)
    expect(await modeOf(identityFile())).toBe('600')
    expect(await modeOf(join(identityFile(), '..'))).toBe('700')
    expect(await modeOf(server.home, '.ssh')).toBe('700')
    expect(await modeOf(server.home, '.ssh', 'authorized_keys')).toBe('600')
    expect(execFileSync('ssh-keygen', ['-y', '-P', '', '-f', identityFile()], { encoding: 'utf8' })).toContain(
      publicKey.split(' ')[1],
    )

    const again = person([])
    const second = await setUp(target(server), again)
    expect(second.progress).toMatchObject([{ hostKey: 'known', key: 'already', login: 'ok', root: 'root' }])
    expect(second.identities).toMatchObject([{ made: false, file: identityFile() }])
    expect(again.asked).toEqual([])
    expect(await authorizedKeys(server.home)).toBe(publicKey)
    expect(await readdir(join(server.home, '.ssh'))).toEqual(['authorized_keys'])
    expect(server.commands.join()).not.toContain(publicKey.split(' ')[1])
  })

  it('answers keyboard-interactive questions', async () => {
    await using server = await passwordServer('w1', { password: undefined, keyboardInteractive: password })
    const { progress } = await setUp(target(server))
    expect(progress).toMatchObject([{ key: 'installed', login: 'ok' }])
  })

  it('asks once for all, and again only for those where it was wrong', async () => {
    await using first = await passwordServer('w1')
    await using second = await passwordServer('w2', { password: 'battery staple' })
    const { asked, questions } = person([password, 'wrong', 'battery staple'])
    const { progress } = await setUp([target(first), target(second, { name: 'w2' })], { questions })
    expect(progress).toMatchObject([{ login: 'ok' }, { login: 'ok' }])
    expect(asked.slice(1)).toEqual(['password of w1,w2', 'again: password of w2', 'again: password of w2'])
  })

  it('asks for each where that is wanted', async () => {
    await using first = await passwordServer('w1')
    await using second = await passwordServer('w2', { password: 'battery staple' })
    const { asked, questions } = person([password, 'battery staple'])
    const targets = [target(first), target(second, { name: 'w2' })]
    const { progress } = await setUp(targets, { questions, askPassword: 'each' })
    expect(progress).toMatchObject([{ login: 'ok' }, { login: 'ok' }])
    expect(asked.slice(1)).toEqual(['password of w1', 'password of w2'])
  })

  it('gives up after three wrong passwords, without showing one', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person(['hunter2-a', 'hunter2-b', 'hunter2-c', password])
    const { progress } = await setUp(target(server), { questions })
    expect(progress).toMatchObject([
      { key: 'not tried', login: 'failed', error: { problem: 'it did not take the password of root (3 tries)' } },
    ])
    expect(asked).toHaveLength(4)
    expect(JSON.stringify(progress)).not.toContain('hunter2')
  })

  it('takes the password of cluster.yaml without asking', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person([])
    const { progress } = await setUp(target(server, { password: new Secret(password, 'SSH password') }), { questions })
    expect(progress).toMatchObject([{ key: 'installed', login: 'ok' }])
    expect(asked).toHaveLength(1)
  })

  it('says what to give where nobody can be asked', async () => {
    await using server = await passwordServer()
    const nobody = { hostKeys: async () => true }
    const none = await setUp(target(server), { questions: nobody })
    expect(none.progress[0]?.error?.next).toContain('ssh.password: { fromEnv: NAME }')
    const wrong = await setUp(target(server, { password: new Secret('not this one', 'SSH password') }), {
      questions: nobody,
    })
    expect(wrong.progress[0]?.error?.problem).toBe('it did not take the password of root that cluster.yaml names')
    expect(wrong.progress[0]?.error?.next).toContain('PermitRootLogin')
  })

  it('does not ask for a password that would not be taken', async () => {
    await using server = await passwordServer('w1', { password: undefined })
    const { asked, questions } = person([])
    const { progress } = await setUp(target(server), { questions })
    expect(progress[0]?.error?.problem).toContain('it does not let root in by password')
    expect(asked).toHaveLength(1)
  })

  it('lets a new key in with one that is let in already', async () => {
    const other = newKey()
    await using server = await passwordServer('w1', { password: undefined, authorizedKeys: [other.public] })
    await writeFile(join(folder, 'other'), other.private, { mode: 0o600 })
    const files = [join(folder, 'other')]
    const { progress } = await setUp(target(server, { identityFiles: files }), { identityFile: identityFile() })
    expect(progress).toMatchObject([{ key: 'installed', login: 'ok' }])
  })

  it('sends nothing to a host whose key is not confirmed', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person([password], false)
    const { progress } = await setUp(target(server), { questions })
    expect(progress).toMatchObject([{ hostKey: 'failed', login: 'not tried' }])
    expect(asked).toHaveLength(1)
    expect(server.commands).toEqual([])
    await expect(readFile(knownHosts())).rejects.toThrow('ENOENT')
  })

  it('refuses a changed host key with the cure, and goes on with the others', async () => {
    await using changed = await passwordServer('w1')
    await using good = await passwordServer('w2')
    await writeFile(knownHosts(), `[127.0.0.1]:${changed.port} ${newKey().public}\n`)
    const { progress } = await setUp([target(changed), target(good, { name: 'w2' })])
    expect(progress[0]).toMatchObject({ hostKey: 'failed', error: { next: expect.stringContaining('ssh-keygen -R') } })
    expect(progress[1]).toMatchObject({ login: 'ok' })
  })

  it('records without a question under accept-new', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person([password], false)
    const acceptNew = { files: [knownHosts()], policy: 'accept-new' as const }
    const { progress } = await setUp(target(server, { knownHosts: acceptNew }), { questions })
    expect(progress).toMatchObject([{ hostKey: 'recorded', login: 'ok' }])
    expect(asked).toEqual(['password of w1'])
  })

  it('sets jump hosts up before what is behind them, and a host that is one only once', async () => {
    await using jump = await passwordServer('gw')
    await using server = await passwordServer('w1')
    const proxyJump = `root@127.0.0.1:${jump.port}`
    const { asked, questions } = person([password, password])
    const { machines, progress } = await setUp(target(server, { proxyJump }), { questions })
    expect(machines.map(({ name, jumpHost }) => [name, jumpHost])).toEqual([
      [proxyJump, true],
      ['w1', false],
    ])
    expect(progress).toMatchObject([
      { hostKey: 'recorded', key: 'installed', login: 'ok', root: 'not needed' },
      { hostKey: 'recorded', key: 'installed', login: 'ok', root: 'root' },
    ])
    expect(asked).toEqual([
      expect.stringContaining(`host keys of ${proxyJump}`),
      `password of ${proxyJump}`,
      expect.stringContaining('host keys of w1'),
      'password of w1',
    ])
    const both = await setUp([target(jump, { name: 'gw' }), target(server, { proxyJump })], person([]))
    expect(both.machines.map(({ name }) => name)).toEqual(['gw', 'w1'])
    expect(both.progress).toMatchObject([
      { key: 'already', root: 'root' },
      { key: 'already', root: 'root' },
    ])
  })

  it('does not try what is behind a jump host that refuses', async () => {
    await using jump = await passwordServer('gw', { password: 'another' })
    await using server = await passwordServer('w1')
    const { progress } = await setUp(target(server, { proxyJump: `root@127.0.0.1:${jump.port}` }), {
      questions: { hostKeys: async () => true },
    })
    expect(progress[1]?.error?.problem).toContain('cannot be used yet')
    expect(server.connections).toBe(0)
  })

  it('only looks under dryRun', async () => {
    await using server = await passwordServer()
    const { asked, questions } = person([])
    const { progress, identities } = await setUp(target(server), { questions, dryRun: true })
    expect(identities).toMatchObject([{ made: true, fingerprint: undefined }])
    expect(progress).toMatchObject([{ hostKey: 'to be recorded', key: 'not tried' }])
    await writeFile(knownHosts(), `[127.0.0.1]:${server.port} ${publicHostKey(server)}\n`)
    const known = await setUp(target(server), { questions, dryRun: true })
    expect(known.progress).toMatchObject([{ hostKey: 'known', key: 'to be installed', login: 'not tried' }])
    expect(asked).toEqual([])
    expect(await readdir(folder)).toEqual(['home-w1', 'known_hosts'])
    expect(await readdir(server.home)).toEqual([])
  })

  it('says which key of cluster.yaml sudo needs, when the typed password is the one', async () => {
    await using server = await passwordServer('w1', { sudo: { password } })
    const { progress } = await setUp(target(server, { user: 'ubuntu' }))
    expect(progress).toMatchObject([
      { login: 'ok', root: 'sudo with password', error: { next: expect.stringContaining('spec.ssh.sudoPassword') } },
    ])
    const set = await setUp(target(server, { user: 'ubuntu', sudoPassword: new Secret(password, 'sudo password') }))
    expect(set.progress).toMatchObject([{ key: 'already', root: 'sudo with password', error: undefined }])
    const later = await setUp(target(server, { user: 'ubuntu' }))
    expect(later.progress).toMatchObject([{ key: 'already', root: 'failed' }])
  })

  it('does not wait for ever for a sudo that neither lets in nor refuses', async () => {
    await using server = await passwordServer('w1', { sudo: 'silent' })
    const { progress } = await setUp(target(server, { user: 'ubuntu' }), { sudoSeconds: 0.3 })
    const problem = 'sudo has not answered within 0.3 s'
    expect(progress).toMatchObject([{ login: 'ok', root: 'failed', error: { problem } }])
  })

  it('says how to start sshd on this machine itself', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => listener.once('listening', resolve))
    const { port } = listener.address() as { port: number }
    await new Promise(resolve => listener.close(resolve))
    await using server = await passwordServer()
    const { progress } = await setUp(target(server, { port }))
    expect(progress[0]?.error?.problem).toContain('it is this machine itself')
    expect(progress[0]?.error?.next).toContain('openssh-server')
  })

  it('ends when it is aborted', async () => {
    await using server = await passwordServer()
    const abort = new AbortController()
    const hostKeys = async () => {
      abort.abort(new Error('enough'))
      return true
    }
    await expect(setUp(target(server), { signal: abort.signal, questions: { hostKeys } })).rejects.toThrow('enough')
    expect(server.commands).toEqual([])
  })
})

function publicHostKey(server: TestServer): string {
  const key = server.hostKeys[0]!
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}

describe('the private key', () => {
  it('is opened with a passphrase that is asked for, again when it is wrong', async () => {
    await using server = await passwordServer()
    await mkdir(join(folder, 'keys'))
    await writeFile(identityFile(), newKey('ed25519', 'open sesame').private, { mode: 0o600 })
    const answers = ['wrong', 'open sesame']
    const questions = {
      ...person([password]).questions,
      passphrase: async () => new Secret(answers.shift() ?? '', 'passphrase'),
    }
    const { progress } = await setUp(target(server), { questions })
    expect(progress).toMatchObject([{ key: 'installed', login: 'ok' }])
    await expect(setUp(target(server))).rejects.toThrow('ssh-add')
  })

  it('is not made beside a public one', async () => {
    await using server = await passwordServer()
    await mkdir(join(folder, 'keys'))
    await writeFile(`${identityFile()}.pub`, newKey().public)
    await expect(setUp(target(server))).rejects.toThrow('its private half is somewhere else')
    expect(await readdir(join(folder, 'keys'))).toEqual(['id_ed25519.pub'])
    expect(server.connections).toBe(0)
  })

  it('is not installed where others may read it, as ssh would not use it', async () => {
    await using server = await passwordServer()
    await mkdir(join(folder, 'keys'))
    await writeFile(identityFile(), newKey().private, { mode: 0o644 })
    await expect(setUp(target(server))).rejects.toThrow(/others may read it \(mode 0644\).*chmod 600/s)
    expect(server.connections).toBe(0)
  })

  it('is not taken from a file that is none', async () => {
    await using server = await passwordServer()
    await mkdir(join(folder, 'keys'))
    await writeFile(identityFile(), 'hello')
    await expect(setUp(target(server))).rejects.toThrow('not a private key')
    expect(await readFile(identityFile(), 'utf8')).toBe('hello')
  })
})

describe('authorized_keys', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHoME ann@laptop'
  const authorize = (text = line) =>
    execFileSync('sh', { input: authorizeScript(text, 'n1'), env: { ...process.env, HOME: folder }, encoding: 'utf8' })
  const existing = async (text: string) => {
    await mkdir(join(folder, '.ssh'), { mode: 0o755 })
    await writeFile(join(folder, '.ssh', 'authorized_keys'), text, { mode: 0o644 })
  }

  it.each([
    ['without its last line break', 'ssh-rsa AAAA bob', `ssh-rsa AAAA bob\n${line}\n`],
    ['with it', '# mine\nssh-rsa AAAA bob\n', `# mine\nssh-rsa AAAA bob\n${line}\n`],
    ['that is empty', '', `${line}\n`],
    ['where the key is commented out', `#${line}\n`, `#${line}\n${line}\n`],
  ])('keeps what is in a file %s', async (_, before, after) => {
    await existing(before)
    expect(authorize()).toMatch(/^n1 added\nd/)
    expect(await authorizedKeys(folder)).toBe(after)
    expect(await modeOf(folder, '.ssh')).toBe('700')
    expect(await modeOf(folder, '.ssh', 'authorized_keys')).toBe('600')
    expect(authorize()).toMatch(/^n1 there\n/)
    expect(await authorizedKeys(folder)).toBe(after)
    expect(await readdir(join(folder, '.ssh'))).toEqual(['authorized_keys'])
  })

  it('is on the disk before it takes the place of the old one: a power cut must not lock anybody out', async () => {
    await existing('ssh-rsa AAAA bob\n')
    const seen = join(folder, 'seen')
    const report = `#!/bin/sh\n{ wc -l <"$2"; cat ${join(folder, '.ssh', 'authorized_keys')}; } >>${seen}\n`
    await writeFile(join(folder, 'sync'), report, { mode: 0o755 })
    const env = { ...process.env, HOME: folder, PATH: `${folder}:${process.env.PATH}` }
    execFileSync('sh', { input: authorizeScript(line, 'n1'), env })
    expect(await readFile(seen, 'utf8')).toBe('2\nssh-rsa AAAA bob\n')
  })

  it('knows a key by itself, not by its comment or options', async () => {
    await existing(`from="192.0.2.1" ${line.replace('ann@laptop', 'someone else')}\n`)
    expect(authorize()).toMatch(/^n1 there\n/)
  })

  it('passes comments on that a shell would read', async () => {
    const odd = `${line} $(touch x); it's "odd" \\ \``
    authorize(odd)
    expect(await authorizedKeys(folder)).toBe(`${odd}\n`)
  })

  it('writes through a link', async () => {
    await existing('')
    await rm(join(folder, '.ssh', 'authorized_keys'))
    await writeFile(join(folder, 'managed'), 'ssh-rsa AAAA bob\n')
    await symlink('../managed', join(folder, '.ssh', 'authorized_keys'))
    authorize()
    expect(await readFile(join(folder, 'managed'), 'utf8')).toBe(`ssh-rsa AAAA bob\n${line}\n`)
  })

  it('does nothing when the script is cut off', async () => {
    const whole = authorizeScript(line, 'n1')
    for (const length of [50, 400, whole.length - 20]) {
      expect(() =>
        execFileSync('sh', {
          input: whole.slice(0, length),
          env: { ...process.env, HOME: folder },
          stdio: ['pipe', 'ignore', 'ignore'],
        }),
      ).toThrow()
      expect(await readdir(folder)).toEqual([])
    }
  })
})
