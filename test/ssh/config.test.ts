import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCodes, UserError } from '../../src/core/errors.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { readSshConfig } from '../../src/ssh/config/index.ts'
import { readConfigLines } from '../../src/ssh/config/lines.ts'
import { splitJumps } from '../../src/ssh/jump.ts'
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

  it('never runs anything, passes over Match exec and says so', async () => {
    const marker = join(folder, 'ran')
    const config = await read(
      `Host edge\n User a\nMatch exec "touch ${marker}"\n User b\n Port 9\nHost *\n CanonicalizeHostname yes\n Port 7\n`,
    )
    expect(config.settings('edge')).toMatchObject({
      user: 'a',
      port: 7,
      notFollowed: [
        `Match exec touch ${marker} (${folder}/config line 3)`,
        `CanonicalizeHostname (${folder}/config line 7)`,
      ],
    })
    await expect(rm(marker)).rejects.toThrow('ENOENT')
  })

  it('follows Include, and goes on with the block around it', async () => {
    await writeFile(join(folder, 'more.conf'), 'Host edge\n Port 2200\n')
    const config = await read('Include mo*.conf\nHost edge\n Include nothing*\n User ubuntu\n')
    expect(config.settings('edge')).toMatchObject({ port: 2200, user: 'ubuntu' })
    await writeFile(join(folder, 'loop'), 'Include loop\nHost edge\n Port 5\n')
    expect(() => readSshConfig(join(folder, 'loop'))).toThrow(/loop:1: Include goes too deep/)
  })

  it('gives each jump host its own settings, and never the password of the target', async () => {
    const config = await read('Host gw\n HostName gw.example\n User jumper\n StrictHostKeyChecking accept-new\n')
    const open = { ...target, knownHosts: {} }
    const { via } = resolveTarget({ ...open, proxyJump: 'first@192.0.2.1:2022,gw', identityFiles: ['/k'] }, config)
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

  it('evaluates Match for host, originalhost, user, localuser, all and final', async () => {
    const me = userInfo().username
    const config = await read(`
Host edge
 HostName edge.example
Match host *.example user ada
 Port 1
Match host="*.example" !user ada,bob localuser ${me}
 Port 2
Match originalhost ot*
 Port 3
Match final host edge.example
 BindAddress 192.0.2.9
Match all
 Port 4
`)
    expect(config.settings('edge', { user: 'ada' })).toMatchObject({ port: 1, bindAddress: '192.0.2.9' })
    expect(config.settings('edge').port).toBe(2)
    expect(config.settings('other')).toMatchObject({ port: 3, notFollowed: [] })
    expect(config.settings('edge', { user: 'bob' }).port).toBe(4)
  })

  it('lets the user and port of cluster.yaml decide what matches and what tokens mean', async () => {
    const config = await read('Match user root\n IdentityFile ~/%r-%p\nMatch user !root,*\n IdentityFile ~/none\n')
    const given = resolveTarget({ ...target, user: 'root', port: 2022 }, config)
    expect(given.identityFiles).toEqual([`${homedir()}/root-2022`])
  })

  it('does not open blocks of a file that a block includes for other hosts', async () => {
    await writeFile(join(folder, 'inner'), 'User plain\nHost *\n Port 1\n')
    const config = await read('Host other\n Include inner\nHost edge\n Port 2\n')
    expect(config.settings('edge')).toMatchObject({ port: 2 })
    expect(config.settings('edge').user).toBeUndefined()
    expect(config.settings('other')).toMatchObject({ port: 1, user: 'plain' })
  })

  it('takes the first of ProxyJump and ProxyCommand', async () => {
    const config = await read('Host a\n ProxyCommand nc %h %p\n ProxyJump b\nHost c\n ProxyJump b\n ProxyCommand x\n')
    expect(config.settings('a')).toMatchObject({ hasProxyCommand: true })
    expect(config.settings('a').proxyJump).toBeUndefined()
    expect(config.settings('c')).toMatchObject({ hasProxyCommand: false, proxyJump: 'b' })
  })

  it.each([
    ['an open quote of another host', 'Host other\n HostName "a\n', ':2: a quote is not closed'],
    ['a port that is none', 'Host other\n Port 22x\n', ':2: port cannot be read'],
    ['a keyword without a value', 'IdentityFile\n', ':1: nothing follows identityfile'],
    ['a value too many', 'HostName a b\n', ':1: hostname takes one value'],
    ['a Match that does not exist', 'Match planet earth\n', ':1: this Match cannot be read'],
    ['all together with others', 'Match host a all\n', ':1: this Match cannot be read'],
    ['a jump host that cannot be read', 'ProxyJump a:b:c\n', ':1: proxyjump cannot be read'],
    ['a time that is none', 'ConnectTimeout soon\n', ':1: connecttimeout cannot be read'],
    ['a long time that is none', `ConnectTimeout ${'1'.repeat(60)}x\n`, ':1: connecttimeout cannot be read'],
    ['an answer that is none', 'StrictHostKeyChecking maybe\n', ':1: stricthostkeychecking cannot be read'],
  ])('names file and line of %s', async (_what, text, says) => {
    const error: unknown = await read(text, 'broken').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toContain(`${folder}/broken${says}`)
    expect((error as UserError).exitCode).toBe(exitCodes.badInput)
  })

  it('names file and line of a token or variable that means nothing', async () => {
    const config = await read('Host a\n IdentityFile ~/%Z\nHost b\n IdentityFile ${EVCCTL_NO_SUCH}/x\n')
    expect(() => config.settings('a')).toThrow(`${folder}/config:2: identityfile has a token`)
    expect(() => config.settings('b')).toThrow(`${folder}/config:4: identityfile names an environment variable`)
    expect(config.settings('c').identityFiles).toBeUndefined()
  })

  it('takes a backslash at the end of a line as ssh does, and lines of other programs as they are', async () => {
    const config = await read('Host other\\\nHost edge\n UseKeychain yes\n Port 5 # five\n User "a b"\r\n')
    expect(config.settings('edge')).toMatchObject({ port: 5, user: 'a b' })
  })

  it('is refused where others may write to it', async () => {
    const file = join(folder, 'open')
    await writeFile(file, 'Host *\n')
    await chmod(file, 0o666)
    expect(() => readConfigLines(file, { checkOwner: true })).toThrow('others may write to this ssh configuration')
    expect(readConfigLines(file, { checkOwner: false })).toHaveLength(1)
  })

  it('is not waited for where it is a pipe, and not read where it is too large', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(readSshConfig(join(folder, 'pipe')).settings('a').port).toBeUndefined()
    const large = join(folder, 'large')
    await writeFile(large, '')
    await truncate(large, 1e9)
    expect(() => readSshConfig(large)).toThrow('the ssh configuration is too large')
  })
})

describe('known_hosts of a host', () => {
  const policyOf = (text: string, knownHosts: SshTarget['knownHosts']) =>
    read(text).then(config => resolveTarget({ ...target, knownHosts }, config).knownHosts)

  it('follow the configuration, and cluster.yaml wins, for jump hosts as well', async () => {
    const careless = 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nGlobalKnownHostsFile /g1 /g2\n'
    expect(await policyOf(careless, {})).toMatchObject({ policy: 'accept-new', files: [], globalFiles: ['/g1', '/g2'] })
    expect(await policyOf(careless, { policy: 'strict', files: ['/mine'] })).toMatchObject({
      policy: 'strict',
      files: ['/mine'],
      globalFiles: ['/g1', '/g2'],
    })
    const config = await read(`${careless}RevokedHostKeys ~/revoked\n`)
    const { via } = resolveTarget({ ...target, proxyJump: 'gw' }, config)
    expect(via?.knownHosts).toMatchObject({ policy: 'strict', revokedFile: `${homedir()}/revoked` })
  })

  it('of the machine are read beside a file that cluster.yaml names', () => {
    const knownHosts = { files: ['/mine'] }
    const resolved = resolveTarget({ ...target, knownHosts }, readSshConfig())
    expect(resolved.knownHosts.globalFiles).toContain('/etc/ssh/ssh_known_hosts')
  })
})

describe('jump hosts', () => {
  it.each([
    ['[2001:db8::1]:22', [{ user: undefined, host: '2001:db8::1', port: 22 }]],
    ['ada@[2001:db8::1]', [{ user: 'ada', host: '2001:db8::1', port: undefined }]],
    ['2001:db8::1', [{ user: undefined, host: '2001:db8::1', port: undefined }]],
    ['ssh://ada@gw.example:2022', [{ user: 'ada', host: 'gw.example', port: 2022 }]],
    ['ssh://[fe80::1%eth0]:22/', [{ user: undefined, host: 'fe80::1%eth0', port: 22 }]],
    ['ada@corp.example@gw', [{ user: 'ada@corp.example', host: 'gw', port: undefined }]],
    [
      'a, b:2',
      [
        { user: undefined, host: 'a', port: undefined },
        { user: undefined, host: 'b', port: 2 },
      ],
    ],
  ])('are read from %s', (text, hops) => {
    expect(splitJumps(text)).toMatchObject(hops)
  })

  it.each([
    '',
    'a b',
    'a:b:c',
    ':22',
    'user@',
    '[::1',
    '[::1]x',
    'a:0',
    'a:70000',
    '-oProxyCommand=x',
    '-a@b',
    '[-a]',
    'a,,b',
  ])('are not read from "%s"', text => {
    expect(splitJumps(text)).toBeUndefined()
  })
})
