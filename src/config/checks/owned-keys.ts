/** A key of a document such as KubeletConfiguration whose value another key of cluster.yaml decides. */
export interface OwnedKey {
  /** Dotted path in the document. */
  readonly key: string
  /** What to use instead. */
  readonly instead: string
  /** Values that agree with what evcctl sets, and are therefore accepted. */
  readonly allowed?: readonly unknown[]
}

const version = (apiVersion: string, kind: string): readonly OwnedKey[] => [
  { key: 'apiVersion', instead: `nothing: it is ${apiVersion}`, allowed: [apiVersion] },
  { key: 'kind', instead: `nothing: it is ${kind}`, allowed: [kind] },
]

const nodeRegistration: readonly OwnedKey[] = [
  { key: 'nodeRegistration.name', instead: 'name of the host' },
  { key: 'nodeRegistration.criSocket', instead: 'spec.runtime' },
  { key: 'nodeRegistration.taints', instead: 'roles and taints of the host' },
  { key: 'nodeRegistration.ignorePreflightErrors', instead: 'spec.kubernetes.ignorePreflightErrors' },
  { key: 'dryRun', instead: 'evcctl plan' },
]

const byEvcctl = 'nothing: evcctl makes a fresh one when a node joins'

/**
 * Keys of patches that would contradict the rest of cluster.yaml, by the key of spec.kubernetes.
 * Documents: kubeadm.k8s.io/v1beta4 (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/), kubelet and kube-proxy likewise.
 */
export const ownedKeys: Readonly<Record<string, readonly OwnedKey[]>> = {
  clusterConfiguration: [
    ...version('kubeadm.k8s.io/v1beta4', 'ClusterConfiguration'),
    { key: 'kubernetesVersion', instead: 'spec.kubernetes.version' },
    { key: 'controlPlaneEndpoint', instead: 'spec.controlPlane.endpoint' },
    { key: 'clusterName', instead: 'metadata.name' },
    { key: 'imageRepository', instead: 'spec.images.registry' },
    { key: 'networking.podSubnet', instead: 'spec.network.podCIDR' },
    { key: 'networking.serviceSubnet', instead: 'spec.network.serviceCIDR' },
    { key: 'networking.dnsDomain', instead: 'spec.kubernetes.clusterDomain' },
    { key: 'apiServer.certSANs', instead: 'spec.controlPlane.extraSANs' },
    { key: 'etcd.external', instead: 'spec.etcd' },
    { key: 'certificatesDir', instead: 'nothing: it is /etc/kubernetes/pki', allowed: ['/etc/kubernetes/pki'] },
  ],
  initConfiguration: [
    ...version('kubeadm.k8s.io/v1beta4', 'InitConfiguration'),
    ...nodeRegistration,
    { key: 'localAPIEndpoint.advertiseAddress', instead: 'privateAddress of the host' },
    { key: 'localAPIEndpoint.bindPort', instead: 'spec.controlPlane.bindPort' },
    { key: 'bootstrapTokens', instead: byEvcctl },
    { key: 'certificateKey', instead: byEvcctl },
  ],
  joinConfiguration: [
    ...version('kubeadm.k8s.io/v1beta4', 'JoinConfiguration'),
    ...nodeRegistration,
    { key: 'discovery', instead: byEvcctl },
    {
      key: 'caCertPath',
      instead: 'nothing: it is /etc/kubernetes/pki/ca.crt',
      allowed: ['/etc/kubernetes/pki/ca.crt'],
    },
    { key: 'controlPlane', instead: 'roles of the host' },
  ],
  kubeletConfiguration: [
    ...version('kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration'),
    { key: 'clusterDomain', instead: 'spec.kubernetes.clusterDomain' },
    { key: 'containerRuntimeEndpoint', instead: 'spec.runtime' },
    { key: 'cgroupDriver', instead: 'nothing: the runtime is set up for systemd', allowed: ['systemd'] },
    { key: 'staticPodPath', instead: 'nothing: kubeadm needs it', allowed: ['/etc/kubernetes/manifests'] },
  ],
  kubeProxyConfiguration: [
    ...version('kubeproxy.config.k8s.io/v1alpha1', 'KubeProxyConfiguration'),
    { key: 'clusterCIDR', instead: 'spec.network.podCIDR' },
    { key: 'clientConnection.kubeconfig', instead: 'nothing: kubeadm makes it' },
  ],
}

const kubeletFlags = {
  'hostname-override': 'name of the host',
  'node-ip': 'privateAddress of the host',
  'container-runtime-endpoint': 'spec.runtime',
  'register-with-taints': 'taints of the host',
  'node-labels': 'labels of the host',
}

/** Flags in kubeadm's lists of arguments that contradict cluster.yaml, by document and dotted path of the list. */
export const ownedFlags: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  clusterConfiguration: {
    'apiServer.extraArgs': {
      'advertise-address': 'privateAddress of the host',
      'secure-port': 'spec.controlPlane.bindPort',
      'service-cluster-ip-range': 'spec.network.serviceCIDR',
    },
    'controllerManager.extraArgs': {
      'allocate-node-cidrs': 'spec.network.podCIDR',
      'cluster-cidr': 'spec.network.podCIDR',
      'node-cidr-mask-size': 'spec.network.nodePrefix',
      'service-cluster-ip-range': 'spec.network.serviceCIDR',
    },
  },
  initConfiguration: { 'nodeRegistration.kubeletExtraArgs': kubeletFlags },
  joinConfiguration: { 'nodeRegistration.kubeletExtraArgs': kubeletFlags },
}
