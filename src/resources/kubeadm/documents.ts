import { stringify } from 'yaml'
import { type DocumentPatch, deepMerge, type KubernetesDocument } from '../support/index.ts'

// Served by kubeadm 1.31 and newer (cmd/kubeadm/app/apis/kubeadm/v1beta4 of k8s.io/kubernetes).
const kubeadmVersion = 'kubeadm.k8s.io/v1beta4'

/** Where a control plane node keeps the documents that it was made with. */
export const kubeadmFile = '/etc/evcctl/kubeadm.yaml'

/**
 * Without it, an API server that ends waits for the open watches of kubelets and controllers until it is killed after 30 s;
 * they watch elsewhere as soon as it closes them. Served by kube-apiserver 1.27 and newer (kubernetes#114925).
 */
const watchGracePeriod = { name: 'shutdown-watch-termination-grace-period', value: '5s' }

/** What is the same for all nodes of a cluster. */
export interface ClusterSettings {
  readonly name: string
  /** Kubernetes, without `v`. */
  readonly version: string
  /** `host:port` that every node uses for the API. */
  readonly endpoint: string
  /** Names and addresses besides those that kubeadm adds by itself. */
  readonly certSANs: readonly string[]
  /** CIDRs. */
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** Prefix length of a node's part of the pod range. */
  readonly nodePrefix: number
  readonly clusterDomain: string
  /** Used instead of registry.k8s.io. */
  readonly registry?: string
  /** An etcd that kubeadm does not run; the files are on every control plane node. */
  readonly externalEtcd?: {
    readonly endpoints: readonly string[]
    readonly caFile: string
    readonly certFile: string
    readonly keyFile: string
  }
  readonly patch: DocumentPatch
}

export function clusterConfiguration(settings: ClusterSettings): KubernetesDocument {
  const { name, version, endpoint, certSANs, podCIDR, serviceCIDR, nodePrefix, clusterDomain, registry, externalEtcd } =
    settings
  const base = {
    apiVersion: kubeadmVersion,
    kind: 'ClusterConfiguration',
    clusterName: name,
    kubernetesVersion: `v${version}`,
    controlPlaneEndpoint: endpoint,
    networking: { podSubnet: podCIDR, serviceSubnet: serviceCIDR, dnsDomain: clusterDomain },
    apiServer: { certSANs: [...new Set(certSANs)], extraArgs: [watchGracePeriod] },
    controllerManager: { extraArgs: [{ name: 'node-cidr-mask-size', value: String(nodePrefix) }] },
    ...(registry === undefined ? {} : { imageRepository: registry }),
    ...(externalEtcd === undefined ? {} : { etcd: { external: externalEtcd } }),
  }
  return deepMerge(base, settings.patch)
}

/** `featureGates`: those that the container runtime needs. */
export function kubeletConfiguration(
  patch: DocumentPatch,
  featureGates: Readonly<Record<string, boolean>> = {},
): KubernetesDocument {
  const base = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'systemd',
    ...(Object.keys(featureGates).length === 0 ? {} : { featureGates }),
  }
  return deepMerge(base, patch)
}

export function kubeProxyConfiguration(patch: DocumentPatch): KubernetesDocument {
  return deepMerge({ apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }, patch)
}

export interface NodeTaint {
  readonly key: string
  readonly value?: string | undefined
  readonly effect: string
}

/** What a node tells of itself when it is made one. */
export interface NodeSettings {
  readonly name: string
  /** The address that the other nodes use. */
  readonly address: string
  /** Of the container runtime; kubeadm is always told, so that a second runtime on a host does not confuse it. */
  readonly criSocket: string
  /** All of them: the list takes the place of kubeadm's default for control plane nodes. */
  readonly taints: readonly NodeTaint[]
  /** Names of kubeadm's preflight checks. */
  readonly ignorePreflightErrors: readonly string[]
}

export interface InitSettings extends NodeSettings {
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly patch: DocumentPatch
}

/** A default bootstrap token cannot be left out; it is given a minute, since joins use one of their own. */
export function initConfiguration(settings: InitSettings): KubernetesDocument {
  const base = {
    apiVersion: kubeadmVersion,
    kind: 'InitConfiguration',
    bootstrapTokens: [{ ttl: '1m0s', description: 'made by kubeadm init, not used' }],
    localAPIEndpoint: { advertiseAddress: settings.address, bindPort: settings.bindPort },
    nodeRegistration: nodeRegistration(settings),
  }
  return deepMerge(base, settings.patch)
}

export interface JoinSettings extends NodeSettings {
  /** `host:port` of the API as this node reaches it. */
  readonly endpoint: string
  readonly patch: DocumentPatch
}

/** Without token and CA hash: these are only known when the node joins. */
export function joinConfiguration(settings: JoinSettings): KubernetesDocument {
  const base = {
    apiVersion: kubeadmVersion,
    kind: 'JoinConfiguration',
    discovery: { bootstrapToken: { apiServerEndpoint: settings.endpoint } },
    nodeRegistration: nodeRegistration(settings),
  }
  return deepMerge(base, settings.patch)
}

export interface ControlPlaneJoinSettings extends JoinSettings {
  /** Port of kube-apiserver. */
  readonly bindPort: number
}

/**
 * The JoinConfiguration of a control plane node, without certificate key. etcd takes one learner at a time and kubeadm
 * tries again by itself, so nodes may join at once; the last of five needs more patience than kubeadm's two minutes.
 */
export function controlPlaneJoinConfiguration(settings: ControlPlaneJoinSettings): KubernetesDocument {
  const base = {
    ...joinConfiguration({ ...settings, patch: {} }),
    controlPlane: { localAPIEndpoint: { advertiseAddress: settings.address, bindPort: settings.bindPort } },
    timeouts: { etcdAPICall: '6m0s' },
  }
  return deepMerge(base, settings.patch)
}

/** One file of several documents, as kubeadm reads it. */
export function renderDocuments(documents: readonly KubernetesDocument[]): string {
  return documents.map(document => stringify(document, { lineWidth: 0 })).join('---\n')
}

interface Registration {
  readonly name?: string
  readonly criSocket: string
  readonly ignorePreflightErrors?: readonly string[]
}

/** What a join needs to know of its own document. */
export function registrationOf({ nodeRegistration = {} }: KubernetesDocument): Registration {
  return nodeRegistration as Registration
}

/** Whether an InitConfiguration or JoinConfiguration leaves out kubeadm's own preflight. */
export function skipsPreflight({ skipPhases }: KubernetesDocument): boolean {
  return Array.isArray(skipPhases) && skipPhases.includes('preflight')
}

function nodeRegistration({
  name,
  address,
  criSocket,
  taints,
  ignorePreflightErrors,
}: NodeSettings): KubernetesDocument {
  return {
    name,
    criSocket,
    taints: taints.map(({ key, value, effect }) => (value === undefined ? { key, effect } : { key, value, effect })),
    kubeletExtraArgs: [{ name: 'node-ip', value: address }],
    imagePullSerial: false,
    ...(ignorePreflightErrors.length === 0 ? {} : { ignorePreflightErrors: [...ignorePreflightErrors] }),
  }
}

/**
 * Data directory of the stacked etcd, if the ClusterConfiguration has another than kubeadm's default; `external` when
 * etcd is not kubeadm's.
 */
export function etcdDataOf(cluster: KubernetesDocument): { readonly etcdData?: string } {
  const { local, external } = (cluster.etcd ?? {}) as {
    readonly local?: { readonly dataDir?: string }
    readonly external?: unknown
  }
  if (external !== undefined) return { etcdData: 'external' }
  return local?.dataDir === undefined ? {} : { etcdData: local.dataDir }
}

/**
 * The ClusterConfiguration with which the certificates for joining control plane nodes are uploaded. Each of them has a
 * key of its own for an external etcd: kubeadm leaves out a file that is not there, and a joining node then keeps what
 * it has (kubeadm/app/phases/copycerts).
 */
export function uploadConfiguration(cluster: KubernetesDocument): KubernetesDocument {
  const { external } = (cluster.etcd ?? {}) as { readonly external?: Readonly<Record<string, unknown>> }
  if (external === undefined) return cluster
  const files = {
    caFile: `${notUploaded}/ca.crt`,
    certFile: `${notUploaded}/client.crt`,
    keyFile: `${notUploaded}/client.key`,
  }
  return { ...cluster, etcd: { external: { ...external, ...files } } }
}

const notUploaded = '/etc/evcctl/not-uploaded'
