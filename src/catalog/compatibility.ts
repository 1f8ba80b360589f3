import { gte, major, minor, minVersion, patch, satisfies } from 'semver'
import type { RuntimeName } from './runtimes.ts'

/**
 * containerd versions that containerd recommends for a Kubernetes minor, as a semver range.
 * Source: https://github.com/containerd/containerd/blob/v2.3.4/RELEASES.md#kubernetes-support.
 * That page also lists the 1.7 series for 1.34 and 1.35. It is left out: evcctl writes the configuration format of 2.0.
 */
export const containerdForKubernetes: Readonly<Record<string, string>> = {
  // The page has no row for 1.37 yet; this is the one of 1.36.
  '1.37': '>=2.2.0',
  '1.36': '>=2.2.0',
  '1.35': '~2.1.5 || >=2.2.0',
  '1.34': '~2.0.6 || >=2.1.3',
}

/**
 * The Kubernetes minors that the makers of a pod network test it with, by the network's own minor.
 * Sources: Cilium Documentation/network/kubernetes/requirements.rst at v1.20.1; https://docs.tigera.io/calico/3.32/ and
 * /3.31/getting-started/kubernetes/requirements.
 */
export const kubernetesForNetwork: Readonly<Record<'calico' | 'cilium', Readonly<Record<string, readonly string[]>>>> =
  {
    calico: { '3.32': ['1.36', '1.35', '1.34'], '3.31': ['1.35', '1.34', '1.33', '1.32'] },
    cilium: { '1.20': ['1.36', '1.35', '1.34', '1.33'] },
  }

/** Image tags of a kubeadm version. kubeadm pulls the tags in its own constants, so evcctl cannot choose others. */
export interface KubeadmImages {
  /** Tag of registry.k8s.io/etcd. */
  readonly etcd: string
  /** Tag of registry.k8s.io/coredns/coredns. */
  readonly coredns: string
  /** Tag of registry.k8s.io/pause; the runtime is told to use the same one. */
  readonly pause: string
}

/**
 * Image tags from a Kubernetes version on, newest first.
 * Source: cmd/kubeadm/app/constants/constants.go of k8s.io/kubernetes at v1.34.0 to v1.34.4, v1.34.11, v1.35.0,
 * v1.35.3, v1.35.8, v1.36.0, v1.36.4 and v1.37.2 (DefaultEtcdVersion, CoreDNSVersion, PauseVersion).
 */
export const kubeadmImages: readonly { readonly since: string; readonly images: KubeadmImages }[] = [
  { since: '1.37.0', images: { etcd: '3.7.0-0', coredns: 'v1.14.6', pause: '3.10.2' } },
  { since: '1.36.0', images: { etcd: '3.6.8-0', coredns: 'v1.14.2', pause: '3.10.2' } },
  { since: '1.35.0', images: { etcd: '3.6.6-0', coredns: 'v1.13.1', pause: '3.10.1' } },
  { since: '1.34.2', images: { etcd: '3.6.5-0', coredns: 'v1.12.1', pause: '3.10.1' } },
  { since: '1.34.0', images: { etcd: '3.6.4-0', coredns: 'v1.12.1', pause: '3.10.1' } },
]

/** `1.36` of `1.36.4`. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** Kubernetes minors that evcctl knows, newest first. */
export function kubernetesMinors(): readonly string[] {
  return Object.keys(containerdForKubernetes)
}

/**
 * What evcctl knows of the minor of a Kubernetes version: `known`; `newer` than all that it knows, so that kubeadm itself
 * has to be asked; or `none`: it is older, or of another major version.
 */
export function knowledgeOf(kubernetes: string): 'known' | 'newer' | 'none' {
  const minors = kubernetesMinors()
  if (minors.includes(minorOf(kubernetes))) return 'known'
  const newest = `${minors[0]}.0`
  return major(kubernetes) === major(newest) && minor(kubernetes) > minor(newest) ? 'newer' : 'none'
}

/** The image tags of the kubeadm of a Kubernetes version; undefined for a minor that evcctl does not know. */
export function imagesOf(kubernetes: string): KubeadmImages | undefined {
  if (knowledgeOf(kubernetes) !== 'known') return undefined
  // A pre-release, e.g. 1.37.0-rc.1, is older than 1.37.0.
  return kubeadmImages.find(({ since }) => gte(coerced(kubernetes), since))?.images
}

function coerced(version: string): string {
  return `${major(version)}.${minor(version)}.${patch(version)}`
}

/**
 * Undefined when the two are compatible (or nothing is known of the network's minor), else the Kubernetes minors that would
 * be. A Kubernetes that is newer than all that any version of the network is tested with is no conflict.
 */
export function networkConflict(
  network: 'calico' | 'cilium',
  version: string,
  kubernetes: string,
): readonly string[] | undefined {
  const minors = kubernetesForNetwork[network][minorOf(version)]
  if (minors === undefined || minors.includes(minorOf(kubernetes)) || isNewerThanAll(network, kubernetes))
    return undefined
  return minors
}

/** The Kubernetes minors that a network version is tested with, if Kubernetes is newer than those of all its versions. */
export function untestedNetwork(
  network: 'calico' | 'cilium',
  version: string,
  kubernetes: string,
): readonly string[] | undefined {
  return isNewerThanAll(network, kubernetes) ? kubernetesForNetwork[network][minorOf(version)] : undefined
}

function isNewerThanAll(network: 'calico' | 'cilium', kubernetes: string): boolean {
  const known = Object.values(kubernetesForNetwork[network]).flat()
  return known.every(one => minor(kubernetes) > minor(`${one}.0`))
}

/** Undefined when the two are compatible, else the runtime versions that would be, in words. */
export function runtimeConflict(runtime: RuntimeName, kubernetes: string, version: string): string | undefined {
  if (runtime === 'containerd') return containerdConflict(kubernetes, version)
  // A CRI-O minor is made for the Kubernetes minor of its number (README.md of cri-o, compatibility matrix).
  const wanted = minorOf(kubernetes)
  if (runtime !== 'cri-o' || minorOf(version) === wanted) return undefined
  return `${wanted}.x`
}

/**
 * Feature gates that a kubelet needs to work with the runtime. cri-dockerd up to 0.4 returns addresses without a scheme.
 * Kubelets from 1.36 on read such an address as https, so that kubectl exec and attach fail (Mirantis/cri-dockerd#569;
 * observed with 0.3.25 and 1.36.4). With the gates set, API servers ask the kubelet in the way they did before 1.36.
 */
export function kubeletFeatureGates(runtime: RuntimeName, kubernetes: string): Readonly<Record<string, boolean>> {
  return runtime === 'docker' && gte(kubernetes, '1.36.0-0') ? { ExtendWebSocketsToKubelet: false } : {}
}

/** Undefined when the two are compatible (or the minor is unknown), else the containerd versions that would be. */
export function containerdConflict(kubernetes: string, containerd: string): string | undefined {
  const range = containerdForKubernetes[minorOf(kubernetes)]
  if (range === undefined || satisfies(containerd, range, { includePrerelease: true })) return undefined
  return range
    .split(' || ')
    .map(part => `${minVersion(part)?.version}${part.startsWith('~') ? ' (or a later patch)' : ' or newer'}`)
    .join(', ')
}
