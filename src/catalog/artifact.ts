import type { Architecture } from '../core/index.ts'
import { calicoManifest } from './data/calico-manifest.ts'
import { ciliumChart } from './data/cilium-chart.ts'
import { cniPlugins } from './data/cni-plugins.ts'
import { containerd } from './data/containerd.ts'
import { criDockerd } from './data/cri-dockerd.ts'
import { criO } from './data/cri-o.ts'
import { etcd } from './data/etcd.ts'
import { helm } from './data/helm.ts'
import { kubeadm, kubectl, kubelet } from './data/kubernetes.ts'
import { runc } from './data/runc.ts'
import type { ArtifactKind, CatalogEntry } from './entry.ts'

/** Everything evcctl downloads to hosts, apart from operating system packages and images. */
export const catalog = {
  kubelet,
  kubeadm,
  kubectl,
  containerd,
  runc,
  'cni-plugins': cniPlugins,
  etcd,
  helm,
  'cilium-chart': ciliumChart,
  'calico-manifest': calicoManifest,
  'cri-o': criO,
  'cri-dockerd': criDockerd,
} as const satisfies Record<string, CatalogEntry>

export type ArtifactName = keyof typeof catalog

/** One version of a download for one architecture. */
export interface Artifact {
  readonly name: ArtifactName
  /** The version without `v`. */
  readonly version: string
  readonly architecture: Architecture
  readonly kind: ArtifactKind
  readonly url: string
  /** The URL without its scheme. Mirrors and local folders have this layout, and checksums files use it as key. */
  readonly path: string
  /** Undefined for a version that the catalog does not list; the checksums file of cluster.yaml must then have it. */
  readonly sha256: string | undefined
}

/** Describes one download. A version that the catalog does not list is a private build and has no sha256. */
export function artifact(name: ArtifactName, version: string, architecture: Architecture): Artifact {
  const entry: CatalogEntry = catalog[name]
  const url = entry.url.replaceAll('{version}', version).replaceAll('{arch}', architecture)
  return {
    name,
    version,
    architecture,
    kind: entry.kind,
    url,
    path: url.replace(/^https?:\/\//, ''),
    sha256: entry.sha256[version]?.[architecture],
  }
}

/** Versions of an artifact whose checksums are known, newest first. */
export function versionsOf(name: ArtifactName): readonly string[] {
  return Object.keys(catalog[name].sha256)
}

/** The hosts that serve upstream artifacts, e.g. `dl.k8s.io`. These names are the keys of mirrors per site. */
export function upstreamSites(): readonly string[] {
  return [...new Set(Object.values(catalog).map(entry => new URL(entry.url).host))]
}
