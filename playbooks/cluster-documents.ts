import {
  type ClusterDocuments,
  type ClusterSpec,
  clusterConfiguration,
  deepMerge,
  kubeletConfiguration,
  kubeletFeatureGates,
  kubeProxyConfiguration,
} from '../src/index.ts'
import { certSANsOf, controlPlaneNodes, endpointOf, type Machine } from './cluster-addresses.ts'
import { externalEtcd } from './cluster-etcd-client.ts'

/** The documents of kubeadm that all nodes share, with the patches of cluster.yaml laid over them. */
export function documentsOf(spec: ClusterSpec, machines: readonly Machine[]): ClusterDocuments {
  const { kubernetes, network } = spec
  const external = externalEtcd(spec, machines)
  const cluster = clusterConfiguration({
    name: spec.name,
    version: kubernetes.version,
    endpoint: endpointOf(spec),
    certSANs: certSANsOf(spec, controlPlaneNodes(spec, machines)),
    podCIDR: network.podCIDR,
    serviceCIDR: network.serviceCIDR,
    nodePrefix: network.nodePrefix,
    clusterDomain: kubernetes.clusterDomain,
    ...(spec.images.registry === undefined ? {} : { registry: spec.images.registry }),
    ...(external === undefined ? {} : { externalEtcd: external }),
    patch: withoutReplacedProxy(spec),
  })
  const kubeProxy = kubeProxyConfiguration(kubernetes.kubeProxyConfiguration)
  return {
    cluster,
    kubelet: kubeletConfiguration(
      kubernetes.kubeletConfiguration,
      kubeletFeatureGates(spec.runtime.name, kubernetes.version),
    ),
    kubeProxy: hasKubeProxy(spec) ? kubeProxy : undefined,
  }
}

// ClusterConfiguration.proxy.disabled (kubeadm.k8s.io/v1beta4) holds for upgrades, too; a skipped phase only for init.
function withoutReplacedProxy({ kubernetes, network }: ClusterSpec) {
  const isReplaced = network.cni === 'cilium' && network.cilium.kubeProxyReplacement
  return isReplaced
    ? deepMerge(kubernetes.clusterConfiguration, { proxy: { disabled: true } })
    : kubernetes.clusterConfiguration
}

/** Whether kube-proxy runs. kubeadm can be told in two ways to leave it out. */
export function hasKubeProxy(spec: ClusterSpec): boolean {
  const { kubernetes, network } = spec
  if (network.cni === 'cilium' && network.cilium.kubeProxyReplacement) return false
  const { proxy } = kubernetes.clusterConfiguration as { readonly proxy?: { readonly disabled?: boolean } }
  return proxy?.disabled !== true && !skipsAddon(spec, 'kube-proxy')
}

/** Whether kubeadm init leaves out what it would otherwise run in the cluster. */
export function skipsAddon({ kubernetes }: ClusterSpec, addon: 'coredns' | 'kube-proxy'): boolean {
  const { skipPhases = [] } = kubernetes.initConfiguration as { readonly skipPhases?: readonly string[] }
  return skipPhases.some(phase => phase === 'addon' || phase === `addon/${addon}`)
}
