import { describe, expect, it } from 'vitest'
import { artifact } from '../../src/catalog/index.ts'
import {
  type ClusterLock,
  emptyLock,
  lockPath,
  lockText,
  missingVersions,
  parseLock,
  withLocked,
} from '../../src/config/index.ts'
import { formatError, UserErrors } from '../../src/core/index.ts'
import { cluster, errorsOf, parse } from './cluster-file.ts'

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
const programs = { from: 'dl.k8s.io', amd64: a, arm64: b }
const lock: ClusterLock = {
  artifacts: Object.fromEntries(['kubelet', 'kubeadm', 'kubectl'].map(name => [name, { '1.38.0': programs }])),
  kubeadm: { '1.38.0': { etcd: '3.7.1-0', coredns: 'v1.15.0', pause: '3.11' } },
}
const path = '/site/cluster.lock.yaml'

function errorsIn(text: string): readonly string[] {
  try {
    parseLock(text, path)
  } catch (error) {
    if (error instanceof UserErrors) return error.errors.map(({ details }) => formatError(details))
    throw error
  }
  return []
}

describe('the lock file', () => {
  it.each([
    ['cluster.yaml', 'cluster.lock.yaml'],
    ['/site/lab.yml', '/site/lab.lock.yaml'],
    ['sites/edge', 'sites/edge.lock.yaml'],
  ])('of %s is %s', (file, expected) => {
    expect(lockPath(file)).toBe(expected)
  })

  it('is read as it was written, and equal locks have the same text', () => {
    expect(parseLock(lockText(lock), path)).toEqual(lock)
    const other = { artifacts: { runc: { '1.5.0': programs, '1.10.0': programs } }, kubeadm: {} }
    const both = lockText(withLocked(lock, other))
    expect(both).toBe(lockText(withLocked(other, lock)))
    expect(both.indexOf('1.10.0:')).toBeLessThan(both.indexOf('1.5.0:'))
    expect(both).toMatch(
      /^# .*\n# .*\napiVersion: evcctl\.dev\/v1alpha1\nkind: ClusterLock\nartifacts:\n {2}kubeadm:\n/,
    )
  })

  it.each([
    ['no YAML', 'a: [', ':1:'],
    ['nothing', '', 'Restore it from version control, or remove it'],
    ['a mark of a merge', '<<<<<<< HEAD', 'This is not a lock file.'],
    ['a cluster file', cluster(), 'ClusterLock'],
    ['a sha256 that is none', lockText(lock).replace(a, 'abc'), 'a sha256'],
    ['a version that is none', lockText(lock).replace('1.38.0', 'latest'), 'a full version'],
    ['a version with a v', lockText(lock).replace('1.38.0', 'v1.38.0'), 'a full version'],
    ['a tag with a command', lockText(lock).replace('3.7.1-0', '"x; rm"'), 'a tag of an image'],
    ['another key', `${lockText(lock)}more: true\n`, 'There is no key "more" here.'],
    ['a missing tag', lockText(lock).replace(/ *pause: .*\n/, ''), '"pause" is missing.'],
    [
      'a site with a login',
      lockText(lock).replace('from: dl.k8s.io', 'from: ada:s3cret@m.example'),
      'the host that served it',
    ],
  ])('with %s is refused at its place', (_, text, words) => {
    const [error = ''] = errorsIn(text)
    expect(error).toContain(`${path}:`)
    expect(error).toContain(words)
  })

  it('with errors does not hide those of the cluster file', () => {
    const errors = errorsOf(cluster('network: { cni: flanel }'), { files: { [path]: 'kind: x\n' } })
    expect(errors.map(({ where }) => where?.replace(/:.*/, ''))).toEqual(['/site/cluster.yaml', path, path])
  })
})

describe('a version that the catalog lacks', () => {
  it('is no error: it has to be looked up', () => {
    const spec = parse(cluster('kubernetes: { version: 1.37.2 }\n  runtime: { version: 2.3.99 }'))
    expect(missingVersions(spec)).toEqual({
      artifacts: [
        ['kubelet', '1.37.2'],
        ['kubeadm', '1.37.2'],
        ['kubectl', '1.37.2'],
        ['containerd', '2.3.99'],
        ['etcd', '3.7.0'],
      ],
    })
  })

  it('is not looked up where checksums of the file or the lock have it', () => {
    const text = cluster('kubernetes: { version: 1.37.2 }')
    const files = { [path]: lockText({ artifacts: { kubelet: { '1.37.2': programs } }, kubeadm: {} }) }
    const needed = [
      'dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubeadm',
      'dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubectl',
    ]
    const sums = [...needed, artifact('etcd', '3.7.0', 'amd64').path].map(place => `${place}: ${b}`)
    const pinned = cluster(`kubernetes: { version: 1.37.2 }\n  artifacts: { checksums: { ${sums.join(', ')} } }`)
    expect(missingVersions(parse(text, { files }))?.artifacts).toEqual([
      ['kubeadm', '1.37.2'],
      ['kubectl', '1.37.2'],
      ['etcd', '3.7.0'],
    ])
    expect(missingVersions(parse(pinned, { files }))).toBeUndefined()
  })

  it('has the sha256 of the lock, over the catalog, and those of the file over it', () => {
    const kubelet = artifact('kubelet', '1.36.4', 'amd64')
    const locked = { [path]: lockText({ artifacts: { kubelet: { '1.36.4': programs } }, kubeadm: {} }) }
    const spec = parse(cluster(), { files: locked })
    expect(spec.artifacts.locked).toEqual({ [kubelet.path]: a, [artifact('kubelet', '1.36.4', 'arm64').path]: b })
    expect(spec.notes).toEqual([
      'The lock file has another sha256 of kubelet 1.36.4 (from dl.k8s.io) than the catalog of this evcctl. The one of the lock file is used.',
    ])
  })

  it('of etcd is looked up where the catalog has no patch of the minor that kubeadm wants', () => {
    const text = cluster('kubernetes: { version: 1.37.2 }\n  etcd: { topology: external }', [
      '{ name: cp1, address: 192.0.2.11, roles: [control-plane] }',
      '{ name: e1, address: 192.0.2.31, roles: [etcd] }',
    ])
    expect(missingVersions(parse(text))?.artifacts).toContainEqual(['etcd', '3.7.0'])
  })

  it('of CRI-O is the first of the minor of Kubernetes', () => {
    const text = cluster('kubernetes: { version: 1.37.2 }\n  runtime: { name: cri-o }')
    expect(missingVersions(parse(text))?.artifacts).toContainEqual(['cri-o', '1.37.0'])
  })
})

describe('a minor that evcctl does not know', () => {
  const text = cluster('kubernetes: { version: 1.38.0 }\n  network: { cni: cilium }')

  it('is accepted with notes, once its own kubeadm has been asked', () => {
    const spec = parse(text)
    expect(spec.kubernetes.images).toBeUndefined()
    expect(missingVersions(spec)).toMatchObject({ kubeadm: '1.38.0' })
    expect(spec.notes).toEqual([
      expect.stringMatching(/^evcctl was not tested with Kubernetes 1\.38: the newest minor that it knows is 1\.37\./),
      'Cilium 1.20.0 is tested by its makers with Kubernetes 1.36, 1.35, 1.34, 1.33, not with 1.38.0.',
    ])
    const known = parse(text, { files: { [path]: lockText(lock) } })
    expect(missingVersions(known)).toEqual({ artifacts: [['etcd', '3.7.1']] })
    expect(known.kubernetes.images).toEqual({ etcd: '3.7.1-0', coredns: 'v1.15.0', pause: '3.11' })
  })

  it('has keys of its documents noted that the newest known minor does not have; types are checked', () => {
    const patched = (keys: string) => cluster(`kubernetes: { version: 1.38.0, kubeletConfiguration: { ${keys} } }`)
    expect(parse(patched('maxPods: 50, brandNew: { inner: 1 }')).notes[0]).toBe(
      'spec.kubernetes.kubeletConfiguration.brandNew: The kubelet 1.37 has no such key, and whether 1.38 has it is not known. If not, it will not start.',
    )
    expect(errorsOf(patched('maxPods: many')).map(({ problem }) => problem)).toEqual(['maxPods has the wrong type.'])
  })

  it('that is older than all, or another major version, is refused', () => {
    for (const version of ['1.33.9', '2.0.0'])
      expect(errorsOf(cluster(`kubernetes: { version: ${version} }`))[0]?.expected).toMatch(/^1\.34 or newer/)
  })
})

it('nothing is missing of the defaults', () => {
  expect(missingVersions(parse(cluster()))).toBeUndefined()
  expect(lockText(emptyLock)).toContain('artifacts: {}')
})
