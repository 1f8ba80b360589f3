import { execFileSync } from 'node:child_process'
import { chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ClusterAccess } from '../../src/cli/kubeconfig/admin-conf.ts'
import { kubeconfigText, mergeKubeconfig } from '../../src/cli/kubeconfig/file.ts'
import { refuseToLose } from '../../src/cli/kubeconfig/owner.ts'
import { checkReplaceable, readIfThere, writePrivateFile } from '../../src/cli/kubeconfig/private-file.ts'
import { UserError } from '../../src/core/index.ts'
import { throwAwayCa } from '../resources/certificate.ts'
import { temporaryFolder } from './run-cli.ts'

const authority = 'QUFB'.repeat(60)
const access: ClusterAccess = {
  name: 'lab',
  server: 'https://192.0.2.11:6443',
  certificateAuthorityData: authority,
  user: { 'client-certificate-data': 'Q0NDQw==', 'client-key-data': 'S0tLSw==' },
}

const existing = `# my clusters
apiVersion: v1
kind: Config
preferences: {}
clusters:
  - name: work # not to be touched
    cluster: { server: "https://work.example", certificate-authority-data: V1dX }
contexts:
  - { name: work, context: { cluster: work, user: me, namespace: apps } }
current-context: work
users:
  - name: me
    user: { exec: { command: login, args: [--fast] } }
`

describe('a kubeconfig', () => {
  test('of its own has the cluster under its own name', () => {
    expect(parse(kubeconfigText(access))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'lab', cluster: { 'certificate-authority-data': authority, server: 'https://192.0.2.11:6443' } },
      ],
      users: [{ name: 'lab-admin', user: { 'client-certificate-data': 'Q0NDQw==', 'client-key-data': 'S0tLSw==' } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab-admin' } }],
      'current-context': 'lab',
    })
  })

  test('keeps everything else of an existing file, comments included', () => {
    const merged = mergeKubeconfig(existing, access, 'config')
    const [before, after] = [parse(existing), parse(merged)]
    for (const key of ['clusters', 'contexts', 'users']) expect(after[key].slice(0, 1)).toEqual(before[key])
    expect(after).toMatchObject({ preferences: {}, 'current-context': 'lab' })
    expect(after.contexts[1].name).toBe('lab')
    expect(merged).toContain('# my clusters')
    expect(merged).toContain('# not to be touched')
  })

  test('replaces what an earlier merge has added', () => {
    const once = mergeKubeconfig(existing, access, 'config')
    expect(mergeKubeconfig(once, access, 'config')).toBe(once)
    const moved = parse(mergeKubeconfig(once, { ...access, server: 'https://lb.example:6443' }, 'config'))
    expect(moved.clusters).toHaveLength(2)
    expect(moved.clusters[1].cluster.server).toBe('https://lb.example:6443')
  })

  test.each([
    ['an empty file', ''],
    ['lists without entries', 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: null\nusers: []\n'],
  ])('merges into %s', (_, text) => {
    expect(parse(mergeKubeconfig(text, access, 'config')).clusters).toHaveLength(1)
  })

  test.each(['- a list', 'a: [1', 'text'])('refuses what is none: %s', text => {
    expect(() => mergeKubeconfig(text, access, '/home/me/.kube/config')).toThrow(
      /\.kube\/config: Nothing can be added to this file; it was not touched/,
    )
  })
})

describe('what another cluster has in a kubeconfig', () => {
  const other = kubeconfigText({ ...access, certificateAuthorityData: 'T1RIRVI=', server: 'https://other.example' })

  test('of the same name is not replaced without force', () => {
    expect(() => mergeKubeconfig(other, access, 'config')).toThrow(/another cluster with the name lab/)
    expect(() => mergeKubeconfig(other, access, 'config')).toThrow(/evcctl kubeconfig --merge --force/)
    const insecure = 'clusters: [{ name: lab, cluster: { server: "https://other.example" } }]\n'
    expect(() => mergeKubeconfig(insecure, access, 'config')).toThrow(/server https:\/\/other.example/)
    const context = 'contexts: [{ name: lab, context: { cluster: work, user: me } }]\n'
    expect(() => mergeKubeconfig(context, access, 'config')).toThrow(/of the cluster work/)
    expect(parse(mergeKubeconfig(other, access, 'config', true)).clusters[0].cluster.server).toBe(access.server)
  })

  test('is told from what the same cluster has while one CA replaces the other', () => {
    const [old, next] = [throwAwayCa().pem, throwAwayCa().pem]
    const trusting = (...all: readonly string[]) => ({
      ...access,
      certificateAuthorityData: Buffer.from(all.join('')).toString('base64'),
    })
    for (const now of [trusting(next, old), trusting(old, next)]) {
      const merged = parse(mergeKubeconfig(kubeconfigText(trusting(old)), now, 'config'))
      expect(merged.clusters[0].cluster['certificate-authority-data']).toBe(now.certificateAuthorityData)
    }
    expect(() => mergeKubeconfig(kubeconfigText(trusting(old)), trusting(next), 'config')).toThrow(/another cluster/)
  })

  test('is not lost to a file of its own', () => {
    expect(() => refuseToLose(existing, access, 'config')).toThrow(/entries of work, me.*kubeconfig --merge/s)
    expect(() => refuseToLose('spec: {}\n', access, 'config')).toThrow(/no kubeconfig/)
    expect(() => refuseToLose(other, access, 'config')).toThrow(/another cluster/)
    refuseToLose('', access, 'config')
    refuseToLose(kubeconfigText({ ...access, server: 'https://moved.example' }), access, 'config')
  })
})

const mine = 'name: mine, cluster: { server: "https://mine.example" }'

describe('a kubeconfig with aliases', () => {
  const names = (text: string) => {
    const merged = mergeKubeconfig(text, access, 'config')
    return (parse(merged, { merge: true }) as { clusters: { name: string }[] }).clusters.map(({ name }) => name)
  }

  test.each([
    ['of a list', `x: &l [{ ${mine} }]\nclusters: *l\n`],
    ['of an entry', `x: &e { ${mine} }\nclusters: [*e]\n`],
    ['of a name', `x: &n mine\nclusters: [{ name: *n, cluster: {} }]\n`],
  ])('%s keeps what they stand for', (_, text) => expect(names(text)).toEqual(['mine', 'lab']))

  test('of an entry of this cluster has it once', () => {
    expect(names('x: &e { name: lab, cluster: {} }\nclusters: [*e]\n')).toEqual(['lab'])
    expect(names(mergeKubeconfig(`x: &l [{ ${mine} }]\nclusters: *l\n`, access, 'config'))).toEqual(['mine', 'lab'])
  })

  test('leaves the list alone that an alias stands for', () => {
    const merged = mergeKubeconfig(`x: &l [{ ${mine} }]\nclusters: *l\nusers: *l\n`, access, 'config')
    expect(parse(merged)).toMatchObject({ x: [{ name: 'mine' }], users: [{ name: 'mine' }, { name: 'lab-admin' }] })
  })
})

describe('a kubeconfig of which something would be lost', () => {
  test.each([
    ['a mapping in the place of a list', 'users: { me: {} }\n'],
    ['a text in the place of a list', 'contexts: none\n'],
    ['an alias of what is no list', 'x: &x 1\nclusters: *x\n'],
    ['an alias of nothing', 'clusters: *none\n'],
    ['an anchor on the entry that is replaced', 'clusters: [&c { name: lab, cluster: {} }]\nx: *c\n'],
    ['an anchor in it', 'clusters: [{ name: lab, cluster: &c {} }]\nx: *c\n'],
    ['an anchor in it that is there twice', 'a: &c 1\nclusters: [{ name: lab, cluster: &c {} }]\nx: *c\n'],
    ['a list in a merge key', `base: &b { clusters: [{ ${mine} }] }\n<<: *b\n`],
    ['a list that others use, too', `clusters: &l [{ ${mine} }]\nx: *l\n`],
  ])('is refused: %s', (_, text) => {
    let thrown: unknown
    try {
      mergeKubeconfig(text, access, '/home/me/.kube/config')
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(UserError)
    expect(String(thrown)).toContain('evcctl kubeconfig --file')
    expect(String(thrown)).toMatch(/\.kube\/config.*it was not touched/)
  })
})

describe('a private file', () => {
  test('is replaced as a whole, mode 0600, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'new', 'config')
    await writePrivateFile(path, 'one')
    await writePrivateFile(path, 'two')
    expect(await readFile(path, 'utf8')).toBe('two')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder.path, 'new'))).toEqual(['config'])
    expect(await readIfThere(join(folder.path, 'missing'))).toBe('')
  })

  test('that is a symbolic link stays one', async () => {
    await using folder = await temporaryFolder()
    const [target, link] = [join(folder.path, 'dotfiles', 'config'), join(folder.path, 'config')]
    await mkdir(join(folder.path, 'dotfiles'))
    await writeFile(target, 'old')
    await symlink(target, link)
    await writePrivateFile(link, 'new')
    expect(await readFile(target, 'utf8')).toBe('new')
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
  })
})

describe('what is no regular file is neither read for a merge nor replaced:', () => {
  test.each([
    ['a pipe', ['mkfifo'], 'a pipe'],
    ['a folder', ['mkdir'], 'a folder'],
    ['a symbolic link to a device', ['ln', '-s', '/dev/zero'], 'a device'],
    ['a symbolic link to nothing', ['ln', '-s', 'none'], 'a symbolic link to nothing'],
  ])('%s', async (_, make, actual) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'config')
    execFileSync(make[0]!, [...make.slice(1), path])
    const before = await lstat(path)
    for (const work of [checkReplaceable, (place: string) => writePrivateFile(place, 'new')]) {
      const error = await work(path).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UserError)
      expect(error).toMatchObject({ details: { where: path, actual: expect.stringContaining(actual) } })
    }
    expect((await lstat(path)).ino).toBe(before.ino)
    expect(await readdir(folder.path)).toEqual(['config'])
  })

  test('a file that never ends', async () => {
    await expect(readIfThere('/dev/zero')).rejects.toThrow('It is a device, not a file')
    expect(await readIfThere('/dev/null')).toBe('')
    await expect(checkReplaceable('/dev/null')).rejects.toThrow('/dev/null')
  })
})

// Only root can give a file away; in CI it runs whatever, so that it is never left out in silence.
test.runIf(process.geteuid?.() === 0 || process.env.CI)(
  'a file of somebody else that root replaces stays theirs',
  async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'config')
    await writeFile(path, 'old', { mode: 0o644 })
    await chown(path, 1000, 1001)
    await writePrivateFile(path, 'new')
    const { uid, gid, mode } = await stat(path)
    expect([uid, gid, mode & 0o777]).toEqual([1000, 1001, 0o600])
  },
)
