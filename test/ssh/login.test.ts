import { execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { readKeyFile } from '../../src/ssh/private-key.ts'
import { newKey, startServer } from './server.ts'
import { hostError, output, pool } from './support.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function keyFile(folder: string, name: string, key: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, key)
  await chmod(file, 0o600)
  return file
}

describe('logging in', () => {
  it('tries several keys over one connection', async () => {
    await using server = await startServer()
    const wrong = await keyFile(server.folder, 'wrong', newKey().private)
    const rsa = await keyFile(server.folder, 'rsa', newKey('rsa').private)
    await using subject = pool(server.target({ identityFiles: [wrong, rsa, server.identityFile] }))
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(server.connections).toBe(1)
    expect(subject.describe('w1')?.login).toBe(`key ${server.identityFile} (ssh-ed25519)`)
  })

  it.each(['rsa', 'ecdsa', 'ed25519'] as const)('takes %s keys', async type => {
    const key = newKey(type)
    await using server = await startServer({ authorizedKeys: [key.public] })
    const file = await keyFile(server.folder, 'key', key.private)
    await using subject = pool(server.target({ identityFiles: [file] }))
    expect(await output(subject, 'echo in')).toBe('in\n')
  })

  it('says what was tried, and what the server would accept', async () => {
    await using server = await startServer({ password: 'x' })
    const wrong = await keyFile(server.folder, 'wrong', newKey().private)
    const text = await keyFile(server.folder, 'text', 'no key')
    await using subject = pool(
      server.target({ user: 'ubuntu', identityFiles: [wrong, '/nonexistent/id', text], connectTimeoutMs: 5000 }),
    )
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details).toMatchObject({
      where: `w1 (127.0.0.1:${server.port})`,
      problem: 'login as ubuntu was refused',
      expected: 'one of what the server accepts: publickey, password',
    })
    expect(error.details.actual).toContain(`key ${wrong} (ssh-ed25519)`)
    expect(error.details.actual).toContain('key /nonexistent/id not tried: no such file')
    expect(error.details.actual).toContain(`key ${text} not tried: not a private key`)
    expect(error.details.next).toMatch(new RegExp(`^ssh -v .*-p ${server.port} ubuntu@127\\.0\\.0\\.1 true`))
  })

  it('does not use a key that others may read, as ssh does not', async () => {
    const locked = newKey('ed25519', 'open sesame')
    await using server = await startServer()
    await chmod(server.identityFile, 0o640)
    const encrypted = await keyFile(server.folder, 'locked', locked.private)
    await chmod(encrypted, 0o604)
    const passphrase = new Secret('open sesame', 'passphrase')
    await using subject = pool(server.target({ identityFiles: [server.identityFile, encrypted], passphrase }))
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details.actual).toContain(`key ${server.identityFile} not tried: others may read it (mode 0640)`)
    expect(error.details.actual).toContain(`key ${encrypted} not tried: others may read it (mode 0604)`)
    expect(error.details.next).toBe(
      `chmod 600 ${server.identityFile}   (then run this again; ssh, too, leaves such a key out)`,
    )
    await chmod(server.identityFile, 0o400)
    await using again = pool(server.target({ identityFiles: [server.identityFile] }))
    expect(await output(again, 'echo in')).toBe('in\n')
  })

  it('says so when there is nothing to try', async () => {
    await using server = await startServer()
    await using subject = pool(server.target({ identityFiles: [] }))
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details).toMatchObject({ actual: 'nothing to try', expected: expect.stringContaining('publickey') })
  })

  it('opens an encrypted key for each host with the passphrase of that host', async () => {
    const key = newKey('ed25519', 'open sesame')
    await using server = await startServer({ authorizedKeys: [key.public] })
    const identityFiles = [await keyFile(server.folder, 'locked', key.private)]
    await using subject = pool([
      server.target({ identityFiles }),
      server.target({ name: 'w2', identityFiles, passphrase: new Secret('sesame open', 'passphrase') }),
      server.target({ name: 'w3', identityFiles, passphrase: new Secret('open sesame', 'passphrase') }),
    ])
    expect((await hostError(output(subject, 'true'), 'login')).message).toContain('no passphrase is given')
    expect((await hostError(output(subject, 'true', 'w2'), 'login')).message).toContain('does not open it')
    expect(await output(subject, 'echo in', 'w3')).toBe('in\n')
  })

  it('opens an encrypted key with its passphrase', async () => {
    const key = newKey('ed25519', 'open sesame')
    await using server = await startServer({ authorizedKeys: [key.public] })
    const identityFiles = [await keyFile(server.folder, 'locked', key.private)]
    await using subject = pool([
      server.target({ identityFiles, passphrase: new Secret('open sesame', 'passphrase') }),
      server.target({ name: 'w2', identityFiles, passphrase: new Secret('open sesame', 'passphrase') }),
    ])
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(await output(subject, 'echo in', 'w2')).toBe('in\n')
    await using wrong = pool(server.target({ identityFiles, passphrase: new Secret('sesame open', 'passphrase') }))
    const error = await hostError(output(wrong, 'true'), 'login')
    expect(error.message).toContain('the passphrase does not open it')
    expect(error.message).not.toContain('sesame open')
    await using without = pool(server.target({ identityFiles }))
    const locked = await hostError(output(without, 'true'), 'login')
    expect(locked.message).toContain('encrypted, and no passphrase is given')
    expect(locked.details.next).toContain(`ssh-add ${identityFiles[0]}`)
  })

  it.each([
    ['rsa', { modulusLength: 2048 }],
    ['ec', { namedCurve: 'P-256' }],
    ['ed25519', {}],
  ] as const)('takes %s keys in PKCS#8, also encrypted ones', async (type, options) => {
    const { privateKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number })
    const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const
    const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const read = readKeyFile(plain, undefined)
    if (read.kind !== 'private') throw new Error('the key was not read')
    const open = read.key.getPublicSSH()
    await using server = await startServer({ authorizedKeys: [`${read.key.type} ${open.toString('base64')}`] })
    const file = await keyFile(server.folder, 'plain', plain)
    await using subject = pool(server.target({ identityFiles: [file] }))
    expect(await output(subject, 'echo in')).toBe('in\n')
    const locked = await keyFile(server.folder, 'sealed', privateKey.export(sealed).toString())
    const passphrase = new Secret('open sesame', 'passphrase')
    await using opened = pool(server.target({ identityFiles: [locked], passphrase }))
    expect(await output(opened, 'echo in')).toBe('in\n')
    await using without = pool(server.target({ identityFiles: [locked] }))
    expect((await hostError(output(without, 'true'), 'login')).message).toContain('encrypted, and no passphrase')
  })

  it('logs in with a password, and answers keyboard-interactive with it', async () => {
    const password = new Secret('correct horse', 'password')
    await using plain = await startServer({ password: 'correct horse' })
    await using first = pool(plain.target({ identityFiles: [], password }))
    expect(await output(first, 'echo in')).toBe('in\n')
    await using asking = await startServer({ keyboardInteractive: 'correct horse' })
    await using second = pool(asking.target({ identityFiles: [], password }))
    expect(await output(second, 'echo in')).toBe('in\n')
    expect(second.describe('w1')?.login).toContain('keyboard-interactive')
    await using wrong = pool(plain.target({ identityFiles: [], password: new Secret('battery', 'password') }))
    const error = await hostError(output(wrong, 'true'), 'login')
    expect(error.details.actual).toContain('password')
    expect(error.message).not.toContain('battery')
  })

  it('gives both factors where the server wants two', async () => {
    await using server = await startServer({ twoFactors: true, password: 'correct horse' })
    await using subject = pool(server.target({ password: new Secret('correct horse', 'password') }))
    expect(await output(subject, 'echo in')).toBe('in\n')
    await using without = pool(server.target())
    expect((await hostError(output(without, 'true'), 'login')).details.expected).toBe(
      'after the first factor, also: password',
    )
  })

  it('says so when the server has had enough tries', async () => {
    await using server = await startServer({ maxAuthTries: 2 })
    const files = await Promise.all([1, 2, 3].map(i => keyFile(server.folder, `wrong${i}`, newKey().private)))
    await using subject = pool(server.target({ identityFiles: [...files, server.identityFile] }))
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details.actual).toMatch(/wrong2.*\n.*the server ended it/)
    expect(server.connections).toBe(1)
  })

  it('uses a real ssh-agent, before keys of default names, and only the keys that IdentitiesOnly allows', async () => {
    await using server = await startServer()
    const socket = join(server.folder, 'agent.sock')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await expect.poll(() => tryList(socket)).toContain('no identities')
      const env = { ...process.env, SSH_AUTH_SOCK: socket }
      const other = await keyFile(server.folder, 'other', newKey().private)
      for (const file of [other, server.identityFile]) execFileSync('ssh-add', ['-q', file], { env, stdio: 'ignore' })
      vi.stubEnv('SSH_AUTH_SOCK', socket)
      const { identityFiles: _none, ...target } = server.target({ agent: true })
      await using subject = pool(target)
      expect(await output(subject, 'echo in')).toBe('in\n')
      expect(subject.describe('w1')?.login).toBe('agent: 2 keys')
      // Off means off.
      await using off = pool({ ...target, agent: false, identityFiles: [] })
      await hostError(output(off, 'true'), 'login')
      // A locked key whose public half is known is taken from the agent, and no other.
      const locked = await keyFile(server.folder, 'locked', newKey('ed25519', 'x').private)
      await writeFile(`${locked}.pub`, server.clientKey.public)
      const config = join(server.folder, 'config')
      await writeFile(config, `Host *\n  IdentitiesOnly yes\n  IdentityFile ${locked}\n`)
      await using only = pool(target, { sshConfigFile: config })
      expect(await output(only, 'echo in')).toBe('in\n')
      expect(only.describe('w1')?.login).toBe('agent: 1 key')
      // So does a file that is a public key itself, as for keys on tokens.
      const open = await keyFile(server.folder, 'chosen.pub', server.clientKey.public)
      await using chosen = pool(server.target({ agent: true, identityFiles: [open] }), { sshConfigFile: config })
      expect(await output(chosen, 'echo in')).toBe('in\n')
      expect(chosen.describe('w1')?.login).toBe('agent: 1 key')
    } finally {
      agent.kill()
    }
  })

  it('goes on without an agent that is not there', async () => {
    await using server = await startServer()
    vi.stubEnv('SSH_AUTH_SOCK', '/nonexistent/agent')
    await using subject = pool(server.target({ agent: true, identityFiles: ['/nonexistent/id'] }))
    expect((await hostError(output(subject, 'true'), 'login')).details.actual).toContain('agent: cannot be used')
    await using other = pool(server.target({ agent: true }))
    expect(await output(other, 'echo in')).toBe('in\n')
  })
})

function tryList(socket: string): string {
  try {
    return execFileSync('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: socket } }).toString()
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout)
  }
}
