import { gte } from 'semver'
import { type ArtifactName, versionsOf } from './artifact.ts'
import { type KubeadmImages, kubeadmImages, kubernetesMinors, minorOf, networkConflict } from './compatibility.ts'
import type { RuntimeName } from './runtimes.ts'

/** flannel versions that evcctl has manifests for, newest first; images are tagged `v<version>`. */
export const flannelVersions = ['0.28.4'] as const

/** Default versions for a Kubernetes version, unless cluster.yaml sets others. Versions are without `v`, image tags as published. */
export interface Defaults extends KubeadmImages {
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
 * that version, because upstream tests the two together; otherwise it is the newest version in the catalog.
 */
export function defaultEtcd(kubernetes: string): string {
  const [tested = ''] = defaultsFor(kubernetes).etcd.split('-')
  return versionsOf('etcd').includes(tested) ? tested : newest('etcd')
}

/** The Kubernetes versions in the catalog, newest first; the first is the default. */
export function kubernetesVersions(): readonly string[] {
  return versionsOf('kubelet')
}

/** The newest patch of a Kubernetes minor, e.g. `1.36.4` of `1.36`; undefined when the catalog has none. */
export function newestPatch(minor: string): string | undefined {
  return kubernetesVersions().find(version => minorOf(version) === minor)
}

/** The default versions for a Kubernetes version. Throws RangeError for a minor outside kubernetesMinors(). */
export function defaultsFor(kubernetes: string): Defaults {
  const images = kubeadmImages.find(({ since }) => gte(kubernetes, since))
  if (images === undefined || !kubernetesMinors().includes(minorOf(kubernetes)))
    throw new RangeError(`No defaults for Kubernetes ${kubernetes}`)
  return {
    ...images.images,
    runtimes: {
      containerd: newest('containerd'),
      'cri-o': newest('cri-o', version => minorOf(version) === minorOf(kubernetes)),
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

// When no version is known to fit, this is the newest one; the checks of cluster.yaml then report the mismatch.
function newestFor(network: 'calico' | 'cilium', name: ArtifactName, kubernetes: string): string {
  const fits = versionsOf(name).find(version => networkConflict(network, version, kubernetes) === undefined)
  return fits ?? newest(name)
}

function newest(name: ArtifactName, fits: (version: string) => boolean = () => true): string {
  const version = versionsOf(name).find(fits)
  if (version === undefined) throw new RangeError(`The catalog has no ${name}`)
  return version
}
