import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kubeadmImageNames } from '../../distributions/kubeadm/image-names.ts'
import { fetchedArtifact } from '../../src/resources/artifacts/fetched-artifact.ts'
import { installedArtifact } from '../../src/resources/artifacts/installed-artifact.ts'
import { pulledImages } from '../../src/resources/kubeadm/pulled-images.ts'
import { Sandbox, serve } from './sandbox.ts'
import { stateOf } from './state-of.ts'

const program = Buffer.from(`#!/bin/sh\n${'#'.repeat(5000)}\n`)
const sha256 = createHash('sha256').update(program).digest('hex')

function download(url: string) {
  return { name: 'kubelet', version: '1.36.4', source: { url }, sha256, site: 'dl.k8s.io' }
}

test('a program is fetched beforehand, and later installed without another download', async () => {
  const sandbox = new Sandbox()
  let asked = 0
  await using server = await serve((_request, response) => {
    asked += 1
    response.end(program)
  })
  const fetched = fetchedArtifact(download(`${server.url}/kubelet`))
  expect(await sandbox.compare(fetched)).toEqual({
    action: 'create',
    fields: [{ field: 'version', after: '1.36.4' }],
    note: 'from dl.k8s.io',
  })
  expect(await sandbox.apply(fetched)).toMatchObject({ exitCode: 0 })
  expect(await sandbox.compare(fetched)).toBeUndefined()
  expect(existsSync(`${sandbox.root}/bin/kubelet`)).toBe(false)
  const install = { binary: `${sandbox.root}/bin/kubelet` }
  expect(await sandbox.apply(installedArtifact({ ...download(`${server.url}/kubelet`), install }))).toMatchObject({
    exitCode: 0,
  })
  expect(asked).toBe(1)
  expect(readFileSync(`${sandbox.root}/bin/kubelet`)).toEqual(program)
  expect(await sandbox.compare(fetched)).toBeUndefined()
})

test('a download that was cut off does not count as fetched', async () => {
  const sandbox = new Sandbox()
  const fetched = fetchedArtifact(download('http://127.0.0.1:1/kubelet'))
  mkdirSync(sandbox.inside('/var/cache/evcctl'), { recursive: true })
  writeFileSync(sandbox.inside(`/var/cache/evcctl/${sha256}.part`), program.subarray(0, 100))
  expect((await sandbox.compare(fetched))?.action).toBe('create')
})

const tags = { etcd: '3.6.8-0', coredns: 'v1.14.2', pause: '3.10.2' }

test('the images of a version are those that kubeadm names', () => {
  expect(kubeadmImageNames({}, '1.36.4', tags)).toEqual([
    'registry.k8s.io/kube-apiserver:v1.36.4',
    'registry.k8s.io/kube-controller-manager:v1.36.4',
    'registry.k8s.io/kube-scheduler:v1.36.4',
    'registry.k8s.io/kube-proxy:v1.36.4',
    'registry.k8s.io/coredns/coredns:v1.14.2',
    'registry.k8s.io/pause:3.10.2',
    'registry.k8s.io/etcd:3.6.8-0',
  ])
  const own = {
    imageRepository: 'registry.example/k8s',
    dns: { imageTag: 'v9' },
    proxy: { disabled: true },
    etcd: { local: { imageRepository: 'registry.example/etcd', imageTag: '3.6.9-0' } },
  }
  expect(kubeadmImageNames(own, '1.36.4', tags).slice(3)).toEqual([
    'registry.example/k8s/coredns:v9',
    'registry.example/k8s/pause:3.10.2',
    'registry.example/etcd/etcd:3.6.9-0',
  ])
  expect(kubeadmImageNames({ etcd: { external: {} }, dns: { disabled: true } }, '1.36.4', tags).join()).not.toMatch(
    /etcd|coredns/,
  )
})

function images() {
  return pulledImages({
    version: '1.36.4',
    images: ['registry.k8s.io/pause:3.10.2', 'registry.k8s.io/etcd:3.6.8-0'],
    store: 'containerd',
    kubeadm: sha256,
    configuration: 'kind: ClusterConfiguration\n',
  })
}

const listed = (...present: readonly string[]) => ({ exitCode: 0, stdout: `${present.join('\n')}\n`, stderr: '' })

test('images that the runtime lacks are named by the plan, also where it does not answer', () => {
  const resource = images()
  const changeFor = (...present: readonly string[]) =>
    resource.diff(resource.probe.parse(listed(...present)), resource.desired as never, { watched: [] })
  expect(changeFor('registry.k8s.io/etcd:3.6.8-0')?.fields).toEqual([
    { field: 'registry.k8s.io/pause:3.10.2', before: 'missing', after: 'pulled' },
  ])
  expect(changeFor()?.fields).toHaveLength(2)
  expect(changeFor('registry.k8s.io/etcd:3.6.8-0', 'registry.k8s.io/pause:3.10.2')).toBeUndefined()
})

test.each([
  ['that was fetched', true],
  ['that is installed', false],
])('are pulled by the kubeadm %s, of which nothing is left behind', async (_which, isFetched) => {
  const sandbox = new Sandbox()
  const tells = (name: string) => `#!/bin/sh\nshift 4; echo ${name}; cat "$1"\n`
  mkdirSync(`${sandbox.root}/bin`)
  writeFileSync(`${sandbox.root}/bin/kubeadm`, tells('installed'), { mode: 0o755 })
  mkdirSync(sandbox.inside('/var/cache/evcctl'), { recursive: true })
  const part = `${sha256}.part`
  if (isFetched) writeFileSync(sandbox.inside(`/var/cache/evcctl/${part}`), tells('fetched'))
  const resource = images()
  const [step] = resource.converge(stateOf(resource, ''), resource.desired as never)
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  const ended = await sandbox.sh(`set -eu\n${step.run}`, String(step.stdin), `${sandbox.root}/bin:`)
  expect(ended).toEqual({
    exitCode: 0,
    stdout: `pulling images\n${isFetched ? 'fetched' : 'installed'}\nkind: ClusterConfiguration\n`,
    stderr: '',
  })
  expect(readdirSync(sandbox.inside('/var/cache/evcctl'))).toEqual(isFetched ? [part] : [])
})
