import { spawn } from 'node:child_process'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2, { type ParsedKey } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/ssh/diagnose.ts'
import { fingerprint } from '../../src/ssh/known-hosts.ts'
import { KnownHostsStore } from '../../src/ssh/known-hosts-store.ts'
import { newKey, startServer, type TestServer } from './server.ts'
import { hostError, output, pool, signal } from './support.ts'

function line(server: TestServer, key = server.hostKeys[0]): string {
  return `[127.0.0.1]:${server.port} ${key?.type} ${key?.getPublicSSH().toString('base64')}\n`
}

function strict(
  server: TestServer,
  file = server.knownHostsFile,
): { knownHosts: { files: string[]; policy: 'strict' } } {
  return { knownHosts: { files: [file], policy: 'strict' } }
}

// Undefined where this machine has no ssh.
async function sshGetsIn(server: TestServer): Promise<boolean | undefined> {
  const options = ['StrictHostKeyChecking=yes', 'BatchMode=yes', 'GlobalKnownHostsFile=none', 'IdentitiesOnly=yes']
  const files = [`UserKnownHostsFile=${server.knownHostsFile}`, `IdentityFile=${server.identityFile}`]
  const args = [...options, ...files].flatMap(option => ['-o', option])
  const ssh = spawn('ssh', ['-F', 'none', ...args, '-p', String(server.port), 'root@127.0.0.1', 'true'], {
    stdio: 'ignore',
  })
  return new Promise(resolve => {
    ssh.on('error', () => resolve(undefined))
    ssh.on('exit', code => resolve(code === 0))
  })
}

describe('host keys', () => {
  it('are never accepted without a look, and nothing is sent to an unknown host under strict', async () => {
    await using server = await startServer()
    await using subject = pool(server.target(strict(server)))
    const error = await hostError(output(subject, 'true'), 'host key')
    expect(error.message).toContain('not known')
    expect(error.details.actual).toBe(`ssh-ed25519 ${fingerprint(server.hostKeys[0]!.getPublicSSH())}`)
    expect(error.details.next).toContain('evcctl ping --accept-new')
    expect(server.commands).toEqual([])
  })

  it('are recorded by accept-new in a private file, and known from then on', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'new', 'known_hosts')
    const target = server.target({ knownHosts: { files: [file], policy: 'accept-new' } })
    {
      await using subject = pool(target)
      await output(subject, 'true')
      expect(subject.describe('w1')?.hostKey.recorded).toBe(true)
    }
    expect(await readFile(file, 'utf8')).toBe(line(server))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700)
    await using again = pool(server.target(strict(server, file)))
    expect(await output(again, 'echo in')).toBe('in\n')
    expect(again.describe('w1')?.hostKey.recorded).toBe(false)
  })

  // What ssh itself does with the same lines stands beside it: it is asked where there is one.
  it.each([
    ['a line with its port', ['[127.0.0.1]:PORT KEY'], true],
    ['a line without a port', ['127.0.0.1 KEY'], true],
    ['one of several lines without a port', ['127.0.0.1 OTHER', '127.0.0.1 KEY'], true],
    ['another key without a port', ['127.0.0.1 OTHER'], false],
    ['another key with its port, and its own without', ['[127.0.0.1]:PORT OTHER', '127.0.0.1 KEY'], false],
    ['a line of another port', ['[127.0.0.1]:22 KEY'], false],
    ['a line without a port that revokes it', ['127.0.0.1 KEY', '@revoked 127.0.0.1 KEY'], false],
  ])('on a port that is not 22 are judged by %s as ssh does', async (_what, lines, accepted) => {
    await using server = await startServer()
    const key = line(server).split(' ').slice(1).join(' ').trim()
    const other = newKey().public.split(' ').slice(0, 2).join(' ')
    const text = lines.map(one => one.replace('PORT', String(server.port)).replace('KEY', key).replace('OTHER', other))
    await writeFile(server.knownHostsFile, `${text.join('\n')}\n`)
    await using subject = pool(server.target(strict(server)))
    if (accepted) expect(await output(subject, 'echo in')).toBe('in\n')
    else await hostError(output(subject, 'true'), 'host key')
    const asked = await sshGetsIn(server)
    expect(asked ?? accepted).toBe(accepted)
  })

  it('under a HostKeyAlias are not looked for under the address', async () => {
    await using server = await startServer()
    const sshConfigFile = join(server.folder, 'config')
    await writeFile(sshConfigFile, 'Host *\n  HostKeyAlias other\n')
    await writeFile(server.knownHostsFile, line(server).replace(/^\S+/, '127.0.0.1'))
    await using subject = pool(server.target(strict(server)), { sshConfigFile })
    await hostError(output(subject, 'true'), 'host key')
  })

  it('that are known without their port alone are not recorded by accept-new once more', async () => {
    await using server = await startServer()
    const text = line(server).replace(/^\S+/, '127.0.0.1')
    await writeFile(server.knownHostsFile, text)
    await using subject = pool(server.target())
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(await readFile(server.knownHostsFile, 'utf8')).toBe(text)
  })

  it('are not taken for new where a file that may have them cannot be read just now', async () => {
    await using server = await startServer()
    // Reading it is an input/output error.
    const files = [server.knownHostsFile, '/proc/self/mem']
    await using subject = pool(server.target({ knownHosts: { files, policy: 'accept-new' } }))
    const error = await hostError(output(subject, 'true'), 'host key')
    expect(error.message).toContain('evcctl cannot find out whether its host key is known')
    expect(error.details.actual).toContain('EIO')
    expect(await readFile(server.knownHostsFile, 'utf8').catch(() => '')).toBe('')
  })

  it('of many hosts recorded at once end on lines of their own', async () => {
    await using first = await startServer()
    const servers = [first, ...(await Promise.all(Array.from({ length: 9 }, () => startServer())))]
    const file = join(first.folder, 'shared')
    // As left by an editor: no newline at the end.
    await writeFile(file, '# mine')
    const targets = servers.map((server, i) =>
      server.target({ name: `w${i}`, knownHosts: { files: [file], policy: 'accept-new' } }),
    )
    {
      await using subject = pool(targets)
      await Promise.all(targets.map(target => output(subject, 'true', target.name)))
    }
    const lines = (await readFile(file, 'utf8')).split('\n')
    expect(lines[0]).toBe('# mine')
    expect(lines.slice(1).sort()).toEqual([...servers.map(server => line(server).trim()), ''].sort())
    await Promise.all(servers.slice(1).map(server => server[Symbol.asyncDispose]()))
  })

  it('of two hosts under one HostKeyAlias are not both recorded: the second one counts as changed', async () => {
    await using first = await startServer()
    await using second = await startServer()
    const sshConfigFile = join(first.folder, 'config')
    await writeFile(sshConfigFile, 'Host *\n  HostKeyAlias shared\n')
    const knownHosts = { files: [first.knownHostsFile], policy: 'accept-new' } as const
    const targets = [first.target({ name: 'w1', knownHosts }), second.target({ name: 'w2', knownHosts })]
    await using subject = pool(targets, { sshConfigFile })
    const actual = await Promise.allSettled(targets.map(({ name }) => output(subject, 'echo in', name)))
    expect(actual.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = actual[0]!.status === 'rejected' ? 0 : 1
    const error = await hostError(output(subject, 'true', targets[refused]!.name), 'host key')
    expect(error.details.problem).toBe('its host key has changed. Nothing was sent.')
    expect((actual[refused] as PromiseRejectedResult).reason.details).toEqual(error.details)
    expect(await readFile(first.knownHostsFile, 'utf8')).toMatch(/^shared \S+ \S+\n$/)
  })

  it('of one name that two runs record at once are not both recorded', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'raced')
    await writeFile(file, '# mine')
    const keys = [newKey(), newKey()].map(({ public: text }) => (ssh2.utils.parseKey(text) as ParsedKey).getPublicSSH())
    for (let round = 0; round < 30; round++) {
      const name = `host${round}`
      // Read before: each run believes that it knows the file.
      const runs = [new KnownHostsStore(), new KnownHostsStore()]
      for (const run of runs) await run.find([file], name)
      const verdicts = await Promise.all(runs.map((run, i) => run.record(file, name, keys[i]!)))
      expect(verdicts.map(({ verdict }) => verdict).sort()).toEqual(['changed', 'known'])
      const recorded = await new KnownHostsStore().find([file], name)
      const winner = verdicts.findIndex(({ verdict }) => verdict === 'known')
      expect(recorded.map(({ key }) => key)).toEqual([keys[winner]!.toString('base64')])
      expect((await runs[winner]!.find([file], name)).map(({ key }) => key)).toEqual(recorded.map(({ key }) => key))
    }
  })

  it('that another run has recorded since the file was read count', async () => {
    await using server = await startServer()
    await using other = await startServer()
    const store = new KnownHostsStore()
    expect(await store.find([server.knownHostsFile], 'w1')).toEqual([])
    const key = other.hostKeys[0]!.getPublicSSH()
    await writeFile(server.knownHostsFile, `w1 ssh-ed25519 ${key.toString('base64')}\n`)
    const verdict = await store.record(server.knownHostsFile, 'w1', server.hostKeys[0]!.getPublicSSH())
    expect(verdict).toMatchObject({ verdict: 'changed', expected: [{ line: 1, key: key.toString('base64') }] })
  })

  it.each(['strict', 'accept-new'] as const)(
    'that changed are refused by %s, with both keys, the place and the cure',
    async policy => {
      await using server = await startServer()
      const { public: other } = newKey()
      const [type, key] = other.split(' ')
      await writeFile(server.knownHostsFile, `# comment\n\n[127.0.0.1]:${server.port} ${type} ${key}\n`)
      await using subject = pool(server.target({ knownHosts: { files: [server.knownHostsFile], policy } }))
      const error = await hostError(output(subject, 'true'), 'host key')
      expect(error.message).toContain('its host key has changed. Nothing was sent.')
      expect(error.details.expected).toBe(
        `ssh-ed25519 ${fingerprint(Buffer.from(key!, 'base64'))}  ${server.knownHostsFile} line 3`,
      )
      expect(error.details.actual).toBe(`ssh-ed25519 ${fingerprint(server.hostKeys[0]!.getPublicSSH())}`)
      expect(error.details.next).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}' -f ${server.knownHostsFile}`)
      expect(server.commands).toEqual([])
    },
  )

  it('are asked for by the type that is known, so that another type does not look like a change', async () => {
    const rsa = newKey('rsa').private
    await using server = await startServer({ hostKeys: [newKey().private, rsa, newKey('ecdsa').private] })
    await writeFile(server.knownHostsFile, line(server, server.hostKeys[1]))
    await using subject = pool(server.target(strict(server)))
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(subject.describe('w1')?.hostKey.fingerprint).toMatch(/^ssh-rsa /)
  })

  it('of another type than the known ones count as changed: accept-new must not be talked into a new key', async () => {
    await using server = await startServer({ hostKeys: [newKey('rsa').private] })
    const [type, key] = newKey().public.split(' ')
    await writeFile(server.knownHostsFile, `[127.0.0.1]:${server.port} ${type} ${key}\n`)
    await using subject = pool(server.target())
    await hostError(output(subject, 'true'), 'host key')
  })

  it('that are revoked are refused, even where another line accepts them', async () => {
    await using server = await startServer()
    await writeFile(server.knownHostsFile, `${line(server)}@revoked * ${line(server).split(' ').slice(1).join(' ')}`)
    await using subject = pool(server.target())
    const error = await hostError(output(subject, 'true'), 'host key')
    expect(error.message).toContain('revoked')
    expect(error.message).toContain(`${server.knownHostsFile} line 2`)
  })

  it('are found in any of several files', async () => {
    await using server = await startServer()
    const second = join(server.folder, 'second')
    await writeFile(second, line(server))
    await using subject = pool(
      server.target({ knownHosts: { files: ['/nonexistent', server.folder, second], policy: 'strict' } }),
    )
    expect(await output(subject, 'echo in')).toBe('in\n')
  })

  it('are recorded only when the server has proved to own them', async () => {
    // The key of another server, shown by one that cannot sign with it.
    const [stranger, claimed] = [newKey(), newKey()].map(
      key => [ssh2.utils.parseKey(key.private)].flat()[0] as ParsedKey,
    )
    if (stranger === undefined || claimed === undefined) throw new Error('no keys')
    const forged = Object.create(claimed, { sign: { value: (data: Buffer) => stranger.sign(data) } })
    await using server = await startServer({ hostKeys: [forged] })
    await using subject = pool(server.target())
    await hostError(output(subject, 'true'), 'unreachable')
    await expect(readFile(server.knownHostsFile)).rejects.toThrow('ENOENT')
  })

  it('that the files of the machine revoke are refused beside a file of our own', async () => {
    await using server = await startServer()
    const [global, sshConfigFile] = [join(server.folder, 'global'), join(server.folder, 'config')]
    await writeFile(server.knownHostsFile, line(server))
    await writeFile(global, `@revoked ${line(server)}`)
    await writeFile(sshConfigFile, `GlobalKnownHostsFile ${global}\n`)
    await using subject = pool(server.target(strict(server)), { sshConfigFile })
    expect((await hostError(output(subject, 'true'), 'host key')).message).toContain(`${global} line 1`)
    await writeFile(sshConfigFile, `RevokedHostKeys ${global}\n`)
    await using other = pool(server.target(strict(server)), { sshConfigFile })
    expect((await hostError(output(other, 'true'), 'host key')).message).toContain('revoked')
    await writeFile(global, 'SSHKRL\n\0')
    await using binary = pool(server.target(strict(server)), { sshConfigFile })
    expect((await hostError(output(binary, 'true'), 'host key')).message).toContain('binary revocation list')
  })

  it('are taken and not recorded where ~/.ssh/config says so, unless cluster.yaml is strict', async () => {
    await using server = await startServer()
    const sshConfigFile = join(server.folder, 'config')
    await writeFile(sshConfigFile, 'UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\n')
    await using subject = pool(server.target({ knownHosts: {} }), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(subject.describe('w1')?.hostKey.recorded).toBe(false)
    // Strict, and nowhere to record: no advice that leads back here.
    const target = server.target({ knownHosts: { policy: 'strict' } })
    await using closed = pool(target, { sshConfigFile })
    const plan = await hostError(output(closed, 'true'), 'host key')
    expect(plan.details.next).toContain('ssh.knownHosts.file')
    const ping = await diagnose(target, { signal, sshConfigFile, acceptNewHostKeys: true })
    expect(ping.steps.find(step => step.name === 'hostKey')?.error?.next).toBe(plan.details.next)
  })

  it('that cannot be recorded stop the connection', async () => {
    await using server = await startServer()
    const file = join(server.folder, 'folder')
    await mkdir(file)
    await using subject = pool(server.target({ knownHosts: { files: [file], policy: 'accept-new' } }))
    expect((await hostError(output(subject, 'true'), 'host key')).message).toContain('could not be recorded')
  })
})
