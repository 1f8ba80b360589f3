import { rcompare } from 'semver'
import { type ArtifactName, versionsOf } from './artifact.ts'
import { type KubeadmImages, knowledgeOf, minorOf, networkConflict } from './compatibility.ts'
import type { RuntimeName } from './runtimes.ts'
import type { ArtifactSources } from './source.ts'

/** flannel versions that evcctl has manifests for, newest first; images are tagged `v<version>`. */
export const flannelVersions = ['0.28.4'] as const

/** Default versions for a Kubernetes version, unless cluster.yaml sets others. All are without `v`. */
export interface Defaults {
  /** The version of each runtime (containerd, CRI-O, cri-dockerd). */
  readonly runtimes: Readonly<Record<RuntimeName, string>>
  readonly runc: string
  readonly cniPlugins: string
  readonly flannel: string
  readonly calico: string
  readonly cilium: string
  readonly helm: string
}

/**
 * The default etcd version of hosts with the role `etcd`. It is the version of kubeadm's own image when the catalog has
 * that version, because upstream tests the two together; else the newest patch of its minor in the catalog. A minor that
 * the catalog lacks is that of kubeadm's image, and has to be looked up. Without `images`, nothing is known of kubeadm.
 */
export function defaultEtcd(images: KubeadmImages | undefined): string {
  const [tested = ''] = images?.etcd.split('-') ?? []
  if (tested === '' || versionsOf('etcd').includes(tested)) return tested === '' ? newest('etcd') : tested
  return versionsOf('etcd').find(version => minorOf(version) === minorOf(tested)) ?? tested
}

/** The Kubernetes versions in the catalog, newest first; the first is the default. */
export function kubernetesVersions(): readonly string[] {
  return versionsOf('kubelet')
}

/** The newest patch of a Kubernetes minor, e.g. `1.36.4` of `1.36`; undefined when the catalog has none. */
export function newestPatch(minor: string): string | undefined {
  return kubernetesVersions().find(version => minorOf(version) === minor)
}

/**
 * The patch of a Kubernetes minor that control plane nodes pass through on their way to a newer minor: the newest one whose kubeadm
 * the checksums of cluster.yaml list, since that is what the user has; else the newest of the lock file and the catalog.
 * Undefined: nothing is known of this minor.
 */
export function patchOnTheWay(
  minor: string,
  { checksums, locked = {} }: Pick<ArtifactSources, 'checksums' | 'locked'>,
): string | undefined {
  const listed = (sums: Readonly<Record<string, string>>) =>
    Object.keys(sums).flatMap(path => kubeadmPath.exec(path)?.[1] ?? [])
  const newest = (versions: readonly string[]) => versions.filter(one => minorOf(one) === minor).sort(rcompare)[0]
  return newest(listed(checksums)) ?? newest([...listed(locked), ...versionsOf('kubeadm')])
}

// The path of kubeadm at its release site, or the end of it; see checksumOf().
const kubeadmPath = /(?:^|\/)v(\d{1,5}\.\d{1,5}\.\d{1,5})\/bin\/linux\/(?:amd64|arm64)\/kubeadm$/

/** The default versions for a Kubernetes version. Throws RangeError for one that evcctl cannot install: see knowledgeOf(). */
export function defaultsFor(kubernetes: string): Defaults {
  if (knowledgeOf(kubernetes) === 'none') throw new RangeError(`No defaults for Kubernetes ${kubernetes}`)
  return {
    runtimes: {
      containerd: newest('containerd'),
      // CRI-O has a release of each Kubernetes minor. The first one is looked up if the catalog has none yet.
      'cri-o':
        versionsOf('cri-o').find(version => minorOf(version) === minorOf(kubernetes)) ?? `${minorOf(kubernetes)}.0`,
      docker: newest('cri-dockerd'),
    },
    runc: newest('runc'),
    cniPlugins: newest('cni-plugins'),
    flannel: flannelVersions[0],
    calico: newestFor('calico', 'calico-manifest', kubernetes),
    cilium: newestFor('cilium', 'cilium-chart', kubernetes),
    helm: newest('helm'),
  }
}

// For a Kubernetes that no version is tested with, this is the newest one; a note then says so.
function newestFor(network: 'calico' | 'cilium', name: ArtifactName, kubernetes: string): string {
  return versionsOf(name).find(version => networkConflict(network, version, kubernetes) === undefined) ?? newest(name)
}

function newest(name: ArtifactName): string {
  const [version] = versionsOf(name)
  if (version === undefined) throw new RangeError(`The catalog has no ${name}`)
  return version
}
