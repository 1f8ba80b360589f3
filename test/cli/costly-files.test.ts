import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readAdminConf } from '../../src/cli/kubeconfig/admin-conf.ts'
import { mergeKubeconfig } from '../../src/cli/kubeconfig/file.ts'
import { refuseToLose } from '../../src/cli/kubeconfig/owner.ts'
import { parseChecksums } from '../../src/config/checksums.ts'
import { emptyLock, parseClusterFile } from '../../src/config/index.ts'
import { registryAuthorities } from '../../src/config/registry-authorities.ts'
import { UserErrors } from '../../src/core/index.ts'
import { readConfigLines } from '../../src/ssh/config/lines.ts'
import { addKnownHosts, findKnownHost } from '../../src/ssh/known-hosts.ts'
import { publicBlob, readKeyFile } from '../../src/ssh/private-key.ts'
import { type CostlyReader, counted, fault, filled, plain, type Text } from '../kit/costly.ts'

const folder = mkdtempSync(join(tmpdir(), 'evcctl-costly-'))
afterAll(() => rmSync(folder, { recursive: true }))

const most = 128 * 1024
const access = { name: 'edge', server: 'https://a:6443', certificateAuthorityData: 'QQ==', user: { token: 'abcdef' } }
const around = (text: string) => ({ env: {}, readFile: () => text, mode: () => 0, kind: () => 'file' })
const cluster = 'apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: { name: edge }\nspec:\n'

/** Lines in one place of a cluster file. */
const inCluster = (before: string, of: (number: number) => string, after = ''): Text =>
  counted(of, `${cluster}  hosts: []\n${before}`, after)

type Texts = Readonly<Record<string, Text>>

const blocks: Texts = {
  'begins of PEM': filled('-----BEGIN CERTIFICATE-----\n'),
  'begins of PEM without a line break': filled('-----BEGIN A'),
  'labels of PEM': filled('A ', '-----BEGIN '),
  'empty blocks of PEM': filled('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'),
}

const lines: Texts = {
  'blanks within a line': bytes => `Host x${' '.repeat(bytes - 8)}y`,
  'hosts of ssh': filled('Host a\n  Port 22\n'),
  'stars of ssh': filled('*', 'Host ', '\n'),
  'hashed hosts': filled(`|1|${'A'.repeat(27)}=|${'A'.repeat(27)}= ssh-ed25519 AAAA\n`),
  'patterns of known hosts': filled('a*a*a*a*a*a*a*b ssh-ed25519 AAAA\n'),
}

const sums: Texts = {
  checksums: counted(number => `${'a'.repeat(64)}  f${number}\n`),
  'one checksum again and again': filled(`${'a'.repeat(64)}  f\n`),
}

const clusters: Texts = {
  'unknown keys': inCluster('', number => `  k${number}: 1\n`),
  'wrong hosts': counted(number => `    - { nam: n${number}, x: 1 }\n`, `${cluster}  hosts:\n`),
  hosts: counted(
    number => `    - { name: n${number}, address: n${number}.x, roles: [worker] }\n`,
    `${cluster}  hosts:\n`,
  ),
  'hosts that need what others have': counted(
    number => `    - { <<: *a, name: n${number} }\n`,
    `${cluster}  hosts:\n    - &a { name: a, address: b, roles: [worker] }\n`,
  ),
  labels: counted(number => `        k${number}: 1\n`, `${cluster}  hosts:\n    - name: a\n      labels:\n`),
  'keys of the kubelet': inCluster('  kubernetes:\n    kubeletConfiguration:\n', number => `      k${number}: 1\n`),
  passwords: inCluster('', number => `  password${number}: { password: abcdef${number} }\n`),
  'a list of passwords': inCluster('  password: [', number => `abcdef${number}, `, ']\n'),
  logins: inCluster('  runtime:\n    registryCredentials:\n', number => `      r${number}.x: { username: a }\n`),
  'one anchor each': inCluster('', number => `  k${number}: &a${number} [1]\n  l${number}: *a${number}\n`),
  'merges of much': bytes =>
    `${cluster}  a: &a {${Array.from({ length: bytes / 20 }, (_, number) => `k${number}: 1`).join(',')}}\n${'  - { <<: *a }\n'.repeat(bytes / 40)}`,
  'tags in one line': inCluster('  x: [', () => '!a b, ', ']\n'),
  prototypes: counted(() => '    - { __proto__: 1 }\n', `${cluster}  hosts:\n`),
  'addresses of the web': inCluster('  x: "', () => 'a://b:c', '"\n'),
  'begins of addresses': inCluster('  x: "', () => 'a://', '"\n'),
}

const configs: Texts = {
  'aliases inside of what they name': counted(number => `k${number}: &a [*a]\n`),
  'anchors with aliases of others': counted(
    number => `a${number}: &a${number} [1]\nb${number}: &b${number} [*a${number}]\nc${number}: *b${number}\n`,
  ),
  'clusters of a kubeconfig': counted(number => `- {name: n${number}}\n`, 'clusters:\n'),
  'users of a kubeconfig': counted(() => '- *a\n', 'x: &a {name: a}\nusers:\n'),
}

const readers: readonly (CostlyReader & { readonly given: Texts })[] = [
  {
    name: 'cluster.yaml',
    most,
    given: clusters,
    read: text => void parseClusterFile(text, 'cluster.yaml', around('')),
  },
  { name: 'checksums', most, given: sums, read: text => void parseChecksums(text, 'SHA256SUMS') },
  {
    name: 'CAs',
    most: 8 * most,
    given: blocks,
    read: text => void registryAuthorities({ a: 'ca.crt' }, 'cluster.yaml', around(text)),
  },
  {
    name: 'admin.conf',
    most,
    given: configs,
    read: text => void readAdminConf(text, { where: 'cp1:admin.conf', writer: 'kubeadm' }),
  },
  { name: 'kubeconfig', most, given: configs, read: text => void mergeKubeconfig(text, access, 'config') },
  { name: 'kubeconfig in the way', most, given: configs, read: text => refuseToLose(text, access, 'config') },
  {
    name: 'ssh configuration',
    most,
    given: lines,
    read(text) {
      writeFileSync(join(folder, 'config'), text)
      readConfigLines(join(folder, 'config'), { checkOwner: false })
    },
  },
  {
    name: 'known_hosts',
    most,
    given: lines,
    read(text) {
      const hosts = { plain: new Map(), patterns: [], lines: 0 }
      addKnownHosts(hosts, text, 'known_hosts')
      findKnownHost(hosts, 'a'.repeat(60))
    },
  },
  { name: 'private key', most, given: blocks, read: text => void readKeyFile(text, undefined) },
  { name: 'public key', most, given: blocks, read: text => void publicBlob(text) },
]

test('reading a file costs no more than in proportion to its length, whatever it is', { timeout: 300_000 }, () => {
  for (const reader of readers)
    for (const [name, text] of Object.entries({ ...plain, ...reader.given }))
      expect(fault(reader, text), `${reader.name}: ${name}`).toBeUndefined()
})

test('of a file with thousands of mistakes the first are told, and how many more there are', () => {
  const text = clusters['unknown keys']!(64 * 1024)
  const thrown = (() => {
    try {
      parseClusterFile(text, 'cluster.yaml', { ...around(''), lock: emptyLock })
    } catch (error) {
      return error
    }
  })()
  if (!(thrown instanceof UserErrors)) throw thrown
  expect(thrown.errors).toHaveLength(51)
  expect(thrown.errors[1]?.details.where).toMatch(/^cluster\.yaml:6:3 {2}spec\.k0$/)
  expect(thrown.errors.at(-1)?.details).toEqual({
    where: 'cluster.yaml',
    problem: expect.stringMatching(/^And \d{4} more errors\.$/),
  })
})

test('a file in which more is wrong than can be counted is refused in words', () => {
  const text = clusters.labels!(2 * 1024 * 1024)
  expect(() => parseClusterFile(text, 'cluster.yaml', around(''))).toThrow(UserErrors)
})
