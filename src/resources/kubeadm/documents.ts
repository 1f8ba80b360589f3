import { stringify } from 'yaml'
import { type DocumentPatch, deepMerge, type KubernetesDocument } from '../support/index.ts'

// Served by kubeadm 1.31 and newer (cmd/kubeadm/app/apis/kubeadm/v1beta4 of k8s.io/kubernetes).
const kubeadmVersion = 'kubeadm.k8s.io/v1beta4'

/** The file on a control plane node with the documents that kubeadm used. */
export const kubeadmFile = '/etc/evcctl/kubeadm.yaml'

/**
 * Without it, an API server that stops waits for the open watches of kubelets and controllers until it is killed after 30 s.
 * With it, they watch elsewhere as soon as it closes them. Since kube-apiserver 1.27 (kubernetes#114925).
 */
const watchGracePeriod = { name: 'shutdown-watch-termination-grace-period', value: '5s' }

/** The settings that are the same for all nodes of a cluster. */
export interface ClusterSettings {
  readonly name: string
  /** Kubernetes, without `v`. */
  readonly version: string
  /** `host:port` at which every node reaches the API. */
  readonly endpoint: string
  /** Names and addresses for the API server certificate, in addition to those that kubeadm adds by itself. */
  readonly certSANs: readonly string[]
  /** CIDRs. */
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** Prefix length of a node's part of the pod range. */
  readonly nodePrefix: number
  readonly clusterDomain: string
  /** Used instead of registry.k8s.io. */
  readonly registry?: string
  /** An etcd that kubeadm does not run; its certificate files are on every control plane node. */
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

/** The node's own settings when it is created. */
export interface NodeSettings {
  readonly name: string
  /** The address that the other nodes use. */
  readonly address: string
  /** CRI socket. kubeadm is always told, so that a second runtime on the host does not confuse it. */
  readonly criSocket: string
  /** All taints: the list replaces kubeadm's default for control plane nodes. */
  readonly taints: readonly NodeTaint[]
  /** Names of kubeadm's preflight checks that are ignored. */
  readonly ignorePreflightErrors: readonly string[]
}

export interface InitSettings extends NodeSettings {
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly patch: DocumentPatch
}

/** A default bootstrap token cannot be left out. It lives for one minute, since joins use tokens of their own. */
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
  /** `host:port` at which this node reaches the API. */
  readonly endpoint: string
  readonly patch: DocumentPatch
}

/** The document without token and CA certificate hash, which are only known when the node joins. */
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
 * retries by itself, so nodes may join at once; but the last of five has to wait longer than kubeadm's two minutes.
 */
export function controlPlaneJoinConfiguration(settings: ControlPlaneJoinSettings): KubernetesDocument {
  const base = {
    ...joinConfiguration({ ...settings, patch: {} }),
    controlPlane: { localAPIEndpoint: { advertiseAddress: settings.address, bindPort: settings.bindPort } },
    timeouts: { etcdAPICall: '6m0s' },
  }
  return deepMerge(base, settings.patch)
}

/** One file with several documents, as kubeadm reads it. */
export function renderDocuments(documents: readonly KubernetesDocument[]): string {
  return documents.map(document => stringify(document, { lineWidth: 0 })).join('---\n')
}

interface Registration {
  readonly name?: string
  readonly criSocket: string
  readonly ignorePreflightErrors?: readonly string[]
}

/** What a join has to read from its own document. */
export function registrationOf({ nodeRegistration = {} }: KubernetesDocument): Registration {
  return nodeRegistration as Registration
}

/** Whether an InitConfiguration or JoinConfiguration skips kubeadm's own preflight. */
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
 * Data directory of the stacked etcd, if the ClusterConfiguration sets another than kubeadm's default; `external` when
 * kubeadm does not run etcd.
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
 * The ClusterConfiguration for the upload of the certificates for joining control plane nodes. With an external etcd, each
 * of these nodes has its own client key, which must not be uploaded. kubeadm skips a file that does not exist, and a
 * joining node then keeps its own (kubeadm/app/phases/copycerts).
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
