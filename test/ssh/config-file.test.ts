import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { readSshConfig } from '../../src/ssh/config-file.ts'
import { resolveTarget } from '../../src/ssh/resolve.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-config-'))
})

afterAll(() => rm(folder, { recursive: true }))

async function read(text: string, name = 'config'): Promise<ReturnType<typeof readSshConfig>> {
  const file = join(folder, name)
  await writeFile(file, text)
  return readSshConfig(file)
}

const target: SshTarget = {
  name: 'w1',
  address: 'edge',
  agent: false,
  knownHosts: { policy: 'strict' },
  connectTimeoutMs: 1000,
}

describe('~/.ssh/config', () => {
  it('fills in what the target leaves open', async () => {
    const config = await read(`
Host edge
    HostName 192.0.2.7
    port = 2222
    User ubuntu
    IdentityFile "~/keys/with blank"
    IdentityFile %d/keys/%r@%h
    UserKnownHostsFile ~/known1 ~/known2
Host *
    User somebody
    IdentityFile ~/keys/all
`)
    expect(resolveTarget(target, config)).toMatchObject({
      where: 'w1 (192.0.2.7:2222)',
      user: 'ubuntu',
      identityFiles: [`${homedir()}/keys/with blank`, `${homedir()}/keys/ubuntu@192.0.2.7`, `${homedir()}/keys/all`],
      knownHosts: { name: '[192.0.2.7]:2222', files: [`${homedir()}/known1`, `${homedir()}/known2`] },
    })
  })

  it('tries no key where IdentityFile is none, the default ones neither', async () => {
    const config = await read('Host edge\n IdentityFile none\n')
    expect(resolveTarget(target, config)).toMatchObject({ identityFiles: [], identitiesGiven: true })
  })

  it('gives way to the target', async () => {
    const config = await read('Host edge\n HostName 192.0.2.7\n Port 2222\n User a\n IdentityFile b\n ProxyJump gw\n')
    const given = resolveTarget(
      { ...target, port: 22, user: 'root', identityFiles: ['~/c'], proxyJump: 'none' },
      config,
    )
    expect(given).toMatchObject({ port: 22, user: 'root', identityFiles: [`${homedir()}/c`], via: undefined })
    expect(given.knownHosts.name).toBe('192.0.2.7')
  })

  it('need not be there', () => {
    const resolved = resolveTarget(target, readSshConfig('/nonexistent'))
    expect(resolved).toMatchObject({ host: 'edge', port: 22, user: userInfo().username, identitiesGiven: false })
    expect(resolved.knownHosts.files).toContain(`${homedir()}/.ssh/known_hosts`)
  })

  it('knows patterns, negations, and that the first value counts', async () => {
    const config = await read('Host *.example !gw.example\n Port 1\nHost gw.example\n Port 2\nHost *\n Port 3\n')
    expect(['a.example', 'gw.example', 'other'].map(name => config.settings(name).port)).toEqual([1, 2, 3])
  })

  it('never runs anything, and passes over Match blocks', async () => {
    const marker = join(folder, 'ran')
    const config = await read(
      `Host edge\n User a\nMatch exec "touch ${marker}"\n User b\n Port 9\nHost *\n CanonicalizeHostname yes\n Port 7\n`,
    )
    expect(config.settings('edge')).toMatchObject({ user: 'a', port: 7 })
    await expect(rm(marker)).rejects.toThrow('ENOENT')
  })

  it('follows Include, and goes on with the block around it', async () => {
    await writeFile(join(folder, 'more.conf'), 'Host edge\n Port 2200\n')
    const config = await read('Include mo*.conf\nHost edge\n Include nothing*\n User ubuntu\n')
    expect(config.settings('edge')).toMatchObject({ port: 2200, user: 'ubuntu' })
    await writeFile(join(folder, 'loop'), 'Include loop\nHost edge\n Port 5\n')
    expect(readSshConfig(join(folder, 'loop')).settings('edge').port).toBe(5)
  })

  it('gives each jump host its own settings, and never the password of the target', async () => {
    const config = await read('Host gw\n HostName gw.example\n User jumper\n StrictHostKeyChecking accept-new\n')
    const { via } = resolveTarget({ ...target, proxyJump: 'first@192.0.2.1:2022,gw', identityFiles: ['/k'] }, config)
    expect(via).toMatchObject({ host: 'gw.example', user: 'jumper', identityFiles: ['/k'], password: undefined })
    expect(via?.knownHosts.policy).toBe('accept-new')
    expect(via?.via).toMatchObject({ host: '192.0.2.1', port: 2022, user: 'first', via: undefined })
    expect(resolveTarget({ ...target, proxyJump: '[2001:db8::1]:2022' }, config).via).toMatchObject({
      host: '2001:db8::1',
      port: 2022,
    })
  })

  it('refuses jump hosts that cannot be read or lead in a circle', async () => {
    const config = await read('Host a\n ProxyJump b\nHost b\n ProxyJump a\n')
    for (const proxyJump of ['user@', ':22', 'a:b:c', 'a'])
      expect(() => resolveTarget({ ...target, proxyJump }, config)).toThrow(UserError)
  })
})
