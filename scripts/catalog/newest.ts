import { gt, major, rcompare, valid } from 'semver'
import { type ArtifactName, kubernetesMinors, minorOf, versionsOf } from '../../src/catalog/index.ts'

/** The repositories whose releases are versions of a download. Each has a feed of its last releases. */
const repositories = {
  containerd: 'containerd/containerd',
  runc: 'opencontainers/runc',
  'cni-plugins': 'containernetworking/plugins',
  etcd: 'etcd-io/etcd',
  helm: 'helm/helm',
  'cilium-chart': 'cilium/cilium',
  'calico-manifest': 'projectcalico/calico',
  'cri-o': 'cri-o/cri-o',
  'cri-dockerd': 'Mirantis/cri-dockerd',
} as const satisfies Partial<Record<ArtifactName, string>>

/** Gives the text of an upstream URL. */
export type Get = (url: string) => Promise<string>

/**
 * What was released since: of Kubernetes the newest patch of each minor that the catalog knows, of everything else the newest
 * patch of each minor that is not older than the newest of the catalog, or has versions there. Major versions stay.
 */
export async function newestVersions(get: Get): Promise<readonly (readonly [ArtifactName, string])[]> {
  const kubernetes = await Promise.all(kubernetesMinors().map(minor => newestPatch(minor, get)))
  const others = await Promise.all(
    Object.entries(repositories).map(async ([name, repository]) => {
      const feed = await get(`https://github.com/${repository}/releases.atom`)
      return newer(name as ArtifactName, releasesIn(feed)).map(version => [name as ArtifactName, version] as const)
    }),
  )
  const programs = (['kubelet', 'kubeadm', 'kubectl'] as const).flatMap(name =>
    kubernetes.filter(version => !versionsOf(name).includes(version)).map(version => [name, version] as const),
  )
  return [...programs, ...others.flat()]
}

// https://kubernetes.io/releases/download: the site has a text with the newest version of each minor.
async function newestPatch(minor: string, get: Get): Promise<string> {
  const text = (await get(`https://dl.k8s.io/release/stable-${minor}.txt`)).trim()
  const version = text.replace(/^v/, '')
  if (valid(version) === version && minorOf(version) === minor) return version
  throw new Error(`dl.k8s.io gives no version as the newest of ${minor}.`)
}

function releasesIn(feed: string): readonly string[] {
  return [...feed.matchAll(/\/releases\/tag\/v(\d+\.\d+\.\d+)"/g)].map(([, version = '']) => version)
}

function newer(name: ArtifactName, released: readonly string[]): readonly string[] {
  const known = versionsOf(name)
  const [newest = '0.0.0'] = known
  const best = new Map<string, string>()
  for (const version of [...released].sort(rcompare)) {
    const patches = known.filter(one => minorOf(one) === minorOf(version))
    const isWanted = patches.length === 0 ? gt(version, newest) : patches.every(one => gt(version, one))
    if (isWanted && major(version) === major(newest) && !best.has(minorOf(version))) best.set(minorOf(version), version)
  }
  return [...best.values()]
}
