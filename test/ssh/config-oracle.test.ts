import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HostSettings, readSshConfig } from '../../src/ssh/config/index.ts'

// Versions of OpenSSH differ in quotes and in Match; what is compared here is the same since 9.0. CI has one that
// is new enough: there the test runs whatever it finds, and never passes by without having compared anything.
const version = Number(/OpenSSH_(\d+\.\d+)/.exec(spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr ?? '')?.[1] ?? 0)

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-oracle-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const names = ['edge', 'edge.example', 'gw', 'Edge', 'w1']
const pattern = fc.constantFrom(
  '*',
  'edge',
  'edge*',
  '*.example',
  'e?ge',
  '!edge',
  '!*.example',
  'gw',
  'Edge',
  '"edge"',
)
const users = ['ada', 'bob', 'root']
const value: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('User ada', 'User=bob', 'user "root"'),
  fc.integer({ min: 1, max: 99 }).map(port => `Port ${port}`),
  fc.constantFrom('HostName %h.example', 'HostName gw', 'HostName = 192.0.2.7', 'HostName %%x'),
  fc.constantFrom(
    'IdentityFile ~/a',
    "IdentityFile '/b c'",
    'IdentityFile /b\\ c',
    'IdentityFile none',
    'IdentityFile ~/a',
  ),
  fc.constantFrom('CertificateFile /c1', 'CertificateFile /c2'),
  fc.constantFrom('IdentitiesOnly yes', 'IdentitiesOnly no', 'IdentitiesOnly true'),
  fc.constantFrom('UserKnownHostsFile /k1 /k2', 'UserKnownHostsFile none', 'UserKnownHostsFile /dev/null'),
  fc.constantFrom('GlobalKnownHostsFile /g1', 'GlobalKnownHostsFile /g2 "/g 3"'),
  fc.constantFrom('yes', 'no', 'ask', 'accept-new', 'off').map(word => `StrictHostKeyChecking ${word}`),
  fc.constantFrom('HostKeyAlias alias', 'HostKeyAlias other'),
  fc.constantFrom(
    'ProxyJump jump',
    'ProxyJump ada@[::1]:22,jump',
    'ProxyJump none',
    'ProxyCommand nc %h %p',
    'ProxyCommand none',
  ),
  fc.constantFrom('ConnectTimeout 5', 'ConnectTimeout 1m30s'),
  fc.constantFrom('AddressFamily inet', 'AddressFamily inet6', 'AddressFamily any'),
  fc.constantFrom('BindAddress 192.0.2.1', 'BindAddress ::1'),
  fc.constantFrom(
    '# a comment',
    '',
    '  ',
    '\t# another',
    'Port 7 # seven',
    'SendEnv LANG LC_*',
    'ServerAliveInterval 5',
  ),
)
const criterion = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom('host', 'originalhost', 'user', 'localuser', 'final'),
    pattern,
    fc.constantFrom(...users),
  )
  .map(([negated, name, host, user]) => {
    const list = name.endsWith('host') ? host.replaceAll('"', '') : name === 'final' ? '' : user
    return `${negated ? '!' : ''}${name} ${list}`
  })
const block = fc.oneof(
  { weight: 3, arbitrary: fc.array(pattern, { minLength: 1, maxLength: 3 }).map(list => `Host ${list.join(' ')}`) },
  { weight: 2, arbitrary: fc.array(criterion, { minLength: 1, maxLength: 2 }).map(list => `Match ${list.join(' ')}`) },
  { weight: 1, arbitrary: fc.constant('Match all') },
)
const text = fc
  .array(fc.oneof({ weight: 1, arbitrary: block }, { weight: 3, arbitrary: value }), { maxLength: 14 })
  .map(lines => lines.join('\n'))

describe('settings of ~/.ssh/config', () => {
  it.skipIf(version < 9 && !process.env.CI)(
    'are those of the ssh of this machine, for any configuration',
    () => {
      const subject = fc.record({
        main: text,
        included: text,
        include: fc.constantFrom('', 'Include', 'Host edge\n  Include', 'Host gw\n  Include'),
        alias: fc.constantFrom(...names),
        user: fc.constantFrom(undefined, ...users),
      })
      fc.assert(
        fc.property(subject, ({ main, included, include, alias, user }) => {
          const inner = join(folder, 'inner')
          const file = join(folder, 'config')
          writeFileSync(inner, `${included}\n`)
          writeFileSync(file, `${main}\n${include === '' ? '' : `${include} ${inner}\n`}${main}\n`)
          const args = ['-G', '-F', file, ...(user === undefined ? [] : ['-l', user]), alias]
          const said = execFileSync('ssh', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
          const settings = readSshConfig(file).settings(alias, { user })
          expect(shown(settings, alias, user)).toEqual(wanted(said))
        }),
        { numRuns: Number(process.env.EVCCTL_ORACLE_RUNS ?? 150), ...seeded() },
      )
    },
    120_000,
  )
})

function seeded(): { seed: number } {
  const seed = Number(process.env.EVCCTL_FUZZ_SEED ?? Date.now() % 2 ** 31)
  console.log(`ssh configurations: EVCCTL_FUZZ_SEED=${seed}`)
  return { seed }
}

const checking: Readonly<Record<string, string>> = {
  true: 'strict',
  ask: 'strict',
  yes: 'strict',
  false: 'off',
  no: 'off',
}

// As ssh -G prints them, with what it prints for settings that are not made taken away.
function wanted(said: string): Record<string, readonly string[]> {
  const pairs = said.split('\n').map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
  const one = (name: string): string[] => pairs.flatMap(([key, text = '']) => (key === name ? [text] : []))
  const files = (name: string, usual: RegExp): string[] =>
    one(name).filter(value => !usual.test(value) && value !== 'none')
  return {
    hostname: one('hostname'),
    user: one('user'),
    port: one('port'),
    identityfile: files('identityfile', /^~\/\.ssh\/id_/).map(file => file.replace('~', process.env.HOME ?? '~')),
    certificatefile: one('certificatefile'),
    identitiesonly: one('identitiesonly'),
    userknownhostsfile: files('userknownhostsfile', /known_hosts2$/),
    globalknownhostsfile: files('globalknownhostsfile', /^\/etc\/ssh/),
    stricthostkeychecking: one('stricthostkeychecking').map(word => checking[word] ?? word),
    hostkeyalias: one('hostkeyalias'),
    proxyjump: one('proxyjump'),
    proxycommand: one('proxycommand').length > 0 && one('proxycommand')[0] !== 'none' ? ['yes'] : [],
    connecttimeout: one('connecttimeout').filter(word => word !== 'none'),
    addressfamily: one('addressfamily'),
    bindaddress: one('bindaddress'),
  }
}

function shown(settings: HostSettings, alias: string, user: string | undefined): Record<string, readonly string[]> {
  const list = (value: string | number | undefined): string[] => (value === undefined ? [] : [String(value)])
  const jump = settings.proxyJump?.toLowerCase() === 'none' ? undefined : settings.proxyJump
  return {
    hostname: [settings.hostName ?? alias.toLowerCase()],
    user: [user ?? settings.user ?? process.env.USER ?? 'root'],
    port: [String(settings.port ?? 22)],
    identityfile: settings.identityFiles ?? [],
    certificatefile: settings.certificateFiles,
    identitiesonly: [settings.identitiesOnly ? 'yes' : 'no'],
    userknownhostsfile: list(settings.knownHostsFiles?.join(' ') || undefined),
    globalknownhostsfile: list(settings.globalKnownHostsFiles?.join(' ') || undefined),
    stricthostkeychecking: [settings.strictHostKeyChecking ?? 'strict'],
    hostkeyalias: list(settings.hostKeyAlias),
    proxyjump: list(jump),
    proxycommand: settings.hasProxyCommand ? ['yes'] : [],
    connecttimeout: list(settings.connectTimeoutMs === undefined ? undefined : settings.connectTimeoutMs / 1000),
    addressfamily: [settings.addressFamily === undefined ? 'any' : settings.addressFamily === 4 ? 'inet' : 'inet6'],
    bindaddress: list(settings.bindAddress),
  }
}
