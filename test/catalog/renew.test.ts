import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rcompare } from 'semver'
import { expect, test } from 'vitest'
import { artifact, type CatalogEntry, catalog, kubernetesMinors } from '../../src/catalog/index.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { startSite } from '../releases/site.ts'

const catalogFolder = fileURLToPath(new URL('../../src/catalog/', import.meta.url))
const script = fileURLToPath(new URL('../../scripts/catalog.ts', import.meta.url))
const sum = (text: string) => createHash('sha256').update(text).digest('hex')

interface Renewed {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly entry: (file: string, constant: string) => Promise<CatalogEntry>
  readonly text: (file: string) => string
}

/** Runs the script on a copy of the data, against a site in this process that is laid out as a mirror. */
async function renew(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  judge: (renewed: Renewed) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder()
  cpSync(catalogFolder, folder.path, { recursive: true })
  await using site = await startSite(files)
  const data = join(folder.path, 'data')
  const all = [script, '--data', data, '--mirror', site.url, ...args]
  const ended = await new Promise<Pick<Renewed, 'exitCode' | 'stdout' | 'stderr'>>(resolve =>
    execFile(process.execPath, all, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
    }),
  )
  await judge({
    ...ended,
    entry: async (file, constant) => (await import(join(data, file)))[constant],
    text: file => readFileSync(join(data, file), 'utf8'),
  })
}

function published(version: string): Record<string, string> {
  const each = (['kubelet', 'kubeadm', 'kubectl'] as const).flatMap(name =>
    (['amd64', 'arm64'] as const).map(one => artifact(name, version, one)),
  )
  return Object.fromEntries(each.map(({ path, sha256 }) => [`/${path}.sha256`, sha256 ?? sum(path)]))
}

test('versions that are named get into the data, in their place', async () => {
  const runc = (['amd64', 'arm64'] as const).map(one => `${sum(one)}  runc.${one}\n`).join('')
  const files = {
    ...published('1.36.5'),
    '/github.com/opencontainers/runc/releases/download/v1.4.9/runc.sha256sum': runc,
    '/raw.githubusercontent.com/projectcalico/calico/v3.31.9/manifests/calico.yaml': 'the manifest',
  }
  const args = ['--kubernetes', '1.36.5', '--runc', '1.4.9', '--calico-manifest', '3.31.9']
  await renew(files, args, async ({ exitCode, stdout, stderr, entry, text }) => {
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toBe('Added: kubelet 1.36.5, kubeadm 1.36.5, kubectl 1.36.5, runc 1.4.9, calico-manifest 3.31.9\n')
    for (const name of ['kubelet', 'kubeadm', 'kubectl'] as const) {
      const { sha256 } = await entry('kubernetes.ts', name)
      expect(sha256['1.36.5']?.arm64).toBe(sum(artifact(name, '1.36.5', 'arm64').path))
      expect(sha256).toEqual({ ...catalog[name].sha256, '1.36.5': sha256['1.36.5'] })
      expect(Object.keys(sha256)).toEqual(Object.keys(sha256).sort(rcompare))
    }
    expect((await entry('runc.ts', 'runc')).sha256['1.4.9']).toEqual({ amd64: sum('amd64'), arm64: sum('arm64') })
    expect(text('calico-manifest.ts')).toContain(`'3.31.9': '${sum('the manifest')}'`)
  })
}, 60_000)

test('the newest ones are those that were released since', async () => {
  const feed = (...versions: readonly string[]) =>
    versions.map(version => `<link rel="alternate" href="https://github.com/x/y/releases/tag/v${version}"/>`).join('\n')
  const repositories = [
    'opencontainers/runc',
    'containernetworking/plugins',
    'helm/helm',
    'cilium/cilium',
    'projectcalico/calico',
    'cri-o/cri-o',
    'Mirantis/cri-dockerd',
    'etcd-io/etcd',
  ]
  const stable = kubernetesMinors().map(minor => {
    const known = Object.keys(catalog.kubelet.sha256).find(version => version.startsWith(`${minor}.`))
    return [`/dl.k8s.io/release/stable-${minor}.txt`, `v${known ?? `${minor}.2`}\n`] as const
  })
  const containerd = ['2.3.5', '2.4.0'].flatMap(version =>
    (['amd64', 'arm64'] as const).map(one => {
      const { path } = artifact('containerd', version, one)
      return [`/${path}.sha256sum`, `${sum(path)}  ${path.split('/').at(-1)}\n`] as const
    }),
  )
  const files = {
    ...Object.fromEntries([...stable, ...containerd]),
    ...published('1.37.2'),
    ...Object.fromEntries(repositories.map(name => [`/github.com/${name}/releases.atom`, feed()])),
    // Neither a pre-release, nor another major version, nor a minor that is older than those here.
    '/github.com/containerd/containerd/releases.atom': feed('2.4.0', '2.4.1-rc.0', '3.0.0', '2.3.5', '2.3.4', '2.0.9'),
  }
  await renew(files, ['--newest'], async ({ stdout, stderr }) => {
    expect(stderr).toBe('')
    expect(stdout).toBe('Added: kubelet 1.37.2, kubeadm 1.37.2, kubectl 1.37.2, containerd 2.4.0, containerd 2.3.5\n')
  })
}, 60_000)

test.each([
  ['a version that is there already, the same', '1.36.4', published('1.36.4'), 0, 'The catalog has all of them.'],
  [
    'a version that has changed upstream',
    '1.36.4',
    { ...published('1.36.4'), '/dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubectl.sha256': sum('changed') },
    1,
    'kubectl 1.36.4: the site publishes another sha256 than the catalog has.',
  ],
  [
    'a version for one architecture',
    '1.36.5',
    Object.fromEntries(Object.entries(published('1.36.5')).filter(([path]) => path.includes('amd64'))),
    1,
    'for one architecture only',
  ],
  ['a minor that is not known', '1.39.0', {}, 1, 'src/catalog/compatibility.ts'],
])(
  '%s changes nothing',
  async (_, version, files, exitCode, words) => {
    await renew(files, ['--kubernetes', version], async renewed => {
      expect(renewed.exitCode).toBe(exitCode)
      expect(renewed.stdout + renewed.stderr).toContain(words)
      expect(renewed.text('kubernetes.ts')).toBe(readFileSync(join(catalogFolder, 'data/kubernetes.ts'), 'utf8'))
    })
  },
  60_000,
)
