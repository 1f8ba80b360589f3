import { gte } from 'semver'
import { type ArtifactName, versionsOf } from './artifact.ts'
import { type KubeadmImages, kubeadmImages, kubernetesMinors, minorOf, networkConflict } from './compatibility.ts'
import type { RuntimeName } from './runtimes.ts'

/** flannel versions that evcctl has manifests for, newest first; images are tagged `v<version>`. */
export const flannelVersions = ['0.28.4'] as const

/** What goes with a Kubernetes version unless cluster.yaml says otherwise. Versions without `v`, image tags as they are. */
export interface Defaults extends KubeadmImages {
  /** Version of each runtime: of containerd, CRI-O, cri-dockerd. */
  readonly runtimes: Readonly<Record<RuntimeName, string>>
  readonly runc: string
  readonly cniPlugins: string
  readonly flannel: string
  readonly calico: string
  readonly cilium: string
  readonly helm: string
}

/**
 * The etcd that hosts of role `etcd` get by default: the version of kubeadm's own image where the catalog has it, since
 * that is what upstream tests together, else the newest of the catalog.
 */
export function defaultEtcd(kubernetes: string): string {
  const [tested = ''] = defaultsFor(kubernetes).etcd.split('-')
  return versionsOf('etcd').includes(tested) ? tested : newest('etcd')
}

/** Kubernetes versions of the catalog, newest first; the first is the default. */
export function kubernetesVersions(): readonly string[] {
  return versionsOf('kubelet')
}

/** The newest patch of a Kubernetes minor, e.g. `1.36.4` of `1.36`; undefined when the catalog has none. */
export function newestPatch(minor: string): string | undefined {
  return kubernetesVersions().find(version => minorOf(version) === minor)
}

/** Versions that go with a Kubernetes version. Throws RangeError for a minor outside kubernetesMinors(). */
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

// The newest where none is known to fit: the checks of cluster.yaml say so then.
function newestFor(network: 'calico' | 'cilium', name: ArtifactName, kubernetes: string): string {
  const fits = versionsOf(name).find(version => networkConflict(network, version, kubernetes) === undefined)
  return fits ?? newest(name)
}

function newest(name: ArtifactName, fits: (version: string) => boolean = () => true): string {
  const version = versionsOf(name).find(fits)
  if (version === undefined) throw new RangeError(`The catalog has no ${name}`)
  return version
}
