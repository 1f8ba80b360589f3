import { rcompare, satisfies } from 'semver'
import { describe, expect, it } from 'vitest'
import { schemaMinors } from '../../src/catalog/data/component-schemas.ts'
import {
  type ArtifactName,
  artifact,
  catalog,
  containerdConflict,
  containerdForKubernetes,
  defaultEtcd,
  defaultsFor,
  imagesOf,
  knowledgeOf,
  kubernetesMinors,
  kubernetesVersions,
  minorOf,
  networkConflict,
  newestPatch,
  untestedNetwork,
  upstreamSites,
  versionsOf,
} from '../../src/catalog/index.ts'

const architectures = ['amd64', 'arm64'] as const

describe('the catalog', () => {
  it.each(Object.keys(catalog) as ArtifactName[])('has sound data for %s', name => {
    const versions = versionsOf(name)
    expect(versions).toEqual([...versions].sort(rcompare))
    const isSame = !catalog[name].url.includes('{arch}')
    const kinds = isSame ? (['amd64'] as const) : architectures
    const sums = versions.flatMap(version => kinds.map(architecture => artifact(name, version, architecture)))
    if (isSame) for (const { version, sha256 } of sums) expect(artifact(name, version, 'arm64').sha256).toBe(sha256)
    for (const { sha256, url, path } of sums) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(url).toBe(`https://${path}`)
      expect(url).not.toMatch(/[{}]/)
    }
    // A copy and paste mistake would repeat a sum.
    expect(new Set(sums.map(({ sha256 }) => sha256)).size).toBe(sums.length)
    expect(new Set(sums.map(({ url }) => url)).size).toBe(sums.length)
  })

  it('has kubelet, kubeadm and kubectl of the same versions', () => {
    for (const name of ['kubeadm', 'kubectl'] as const) expect(versionsOf(name)).toEqual(kubernetesVersions())
  })

  it('names an artifact as upstream does', () => {
    expect(artifact('kubelet', '1.36.4', 'arm64')).toEqual({
      name: 'kubelet',
      version: '1.36.4',
      architecture: 'arm64',
      kind: 'binary',
      url: 'https://dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubelet',
      path: 'dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubelet',
      sha256: catalog.kubelet.sha256['1.36.4']?.arm64,
    })
    expect(artifact('cni-plugins', '9.9.9', 'amd64').sha256).toBeUndefined()
    expect(upstreamSites()).toEqual([
      'dl.k8s.io',
      'github.com',
      'get.helm.sh',
      'helm.cilium.io',
      'raw.githubusercontent.com',
      'storage.googleapis.com',
    ])
  })
})

describe('versions that go together', () => {
  it('installs 1.36.4 unless told otherwise, and knows 1.34 to 1.37', () => {
    expect(kubernetesVersions()[0]).toBe('1.36.4')
    expect(kubernetesMinors()).toEqual(['1.37', '1.36', '1.35', '1.34'])
    expect(kubernetesMinors()).toEqual(expect.arrayContaining([...new Set(kubernetesVersions().map(minorOf))]))
    expect(schemaMinors).toEqual(kubernetesMinors().toReversed())
    expect(newestPatch('1.35')).toBe('1.35.8')
    expect(newestPatch('1.33')).toBeUndefined()
  })

  it('has defaults for every version, and the runtimes among them fit', () => {
    for (const version of kubernetesVersions()) {
      const { runtimes } = defaultsFor(version)
      expect(satisfies(runtimes.containerd, containerdForKubernetes[minorOf(version)] ?? '')).toBe(true)
      expect(minorOf(runtimes['cri-o'])).toBe(minorOf(version))
    }
    expect(() => defaultsFor('1.33.9')).toThrow(RangeError)
  })

  it.each([
    ['1.37.2', 'known'],
    ['1.34.0', 'known'],
    ['1.38.0', 'newer'],
    ['1.38.0-alpha.1', 'newer'],
    ['1.33.9', 'none'],
    ['2.0.0', 'none'],
  ] as const)('says what it knows of Kubernetes %s: %s', (version, knowledge) => {
    expect(knowledgeOf(version)).toBe(knowledge)
    expect(imagesOf(version) !== undefined).toBe(knowledge === 'known')
  })

  it.each([
    ['1.37.2', '3.7.0-0', 'v1.14.6', '3.10.2'],
    // A pre-release is the minor that it leads to.
    ['1.37.0-rc.1', '3.7.0-0', 'v1.14.6', '3.10.2'],
    ['1.36.4', '3.6.8-0', 'v1.14.2', '3.10.2'],
    ['1.35.8', '3.6.6-0', 'v1.13.1', '3.10.1'],
    ['1.34.4', '3.6.5-0', 'v1.12.1', '3.10.1'],
    ['1.34.1', '3.6.4-0', 'v1.12.1', '3.10.1'],
  ])('knows the images of kubeadm %s', (version, etcd, coredns, pause) => {
    expect(imagesOf(version)).toEqual({ etcd, coredns, pause })
  })

  it.each([
    ['calico', '3.32.1', '1.36.4', undefined],
    ['calico', '3.31.7', '1.36.4', ['1.35', '1.34', '1.33', '1.32']],
    ['cilium', '1.20.0', '1.34.0', undefined],
    // Nothing is known about a private build.
    ['cilium', '1.99.0', '1.34.0', undefined],
    // No version of it is tested with one that is so new.
    ['cilium', '1.20.0', '1.38.0', undefined],
  ] as const)('knows whether %s %s goes with Kubernetes %s', (network, version, kubernetes, minors) => {
    expect(networkConflict(network, version, kubernetes)).toEqual(minors)
  })

  it.each([
    ['of the catalog, as kubeadm has it', '3.6.8-0', '3.6.8'],
    ['of the same minor, where the catalog has not that one', '3.6.5-0', '3.6.14'],
    ['that has to be looked up, of a minor that the catalog lacks', '3.7.0-0', '3.7.0'],
  ])('makes the etcd of etcd hosts one %s', (_, image, etcd) => {
    expect(defaultEtcd({ etcd: image, coredns: 'v1.14.2', pause: '3.10.2' })).toBe(etcd)
  })

  it('has a network of each kind for every version', () => {
    for (const kubernetes of kubernetesVersions()) {
      const { calico, cilium } = defaultsFor(kubernetes)
      expect([kubernetes, networkConflict('calico', calico, kubernetes)]).toEqual([kubernetes, undefined])
      expect([kubernetes, networkConflict('cilium', cilium, kubernetes)]).toEqual([kubernetes, undefined])
    }
  })

  it('tells which networks are not tested with a new Kubernetes', () => {
    expect(untestedNetwork('cilium', '1.20.0', '1.37.2')).toEqual(['1.36', '1.35', '1.34', '1.33'])
    expect(untestedNetwork('calico', '3.31.7', '1.36.4')).toBeUndefined()
  })

  it.each([
    ['1.36.4', '2.2.0', undefined],
    ['1.36.4', '2.1.5', '2.2.0 or newer'],
    ['1.35.0', '2.1.5', undefined],
    ['1.35.0', '2.1.4', '2.1.5 (or a later patch), 2.2.0 or newer'],
    ['1.34.0', '2.0.6', undefined],
    ['1.34.0', '1.7.30', '2.0.6 (or a later patch), 2.1.3 or newer'],
  ])('knows whether Kubernetes %s goes with containerd %s', (kubernetes, containerd, wanted) => {
    expect(containerdConflict(kubernetes, containerd)).toBe(wanted)
  })
})
