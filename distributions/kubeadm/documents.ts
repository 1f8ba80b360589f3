import { etcdClientPaths } from '../../roles/etcd-client/index.ts'
import {
  type ClusterDocuments,
  type ClusterSpec,
  clusterConfiguration,
  deepMerge,
  type Inventory,
  kubeletConfiguration,
  kubeletFeatureGates,
  kubeProxyConfiguration,
  type Machine,
  withRotationFiles,
} from '../../src/index.ts'
import { addonsOf } from './addons.ts'

/** The documents of kubeadm that all nodes share, merged with the patches of cluster.yaml. */
export function documentsOf({ spec, endpoint, certSANs, etcdEndpoints }: Inventory): ClusterDocuments {
  const { kubernetes, network } = spec
  const { ca: caFile, certificate: certFile, key: keyFile } = etcdClientPaths
  const cluster = clusterConfiguration({
    name: spec.name,
    version: kubernetes.version,
    endpoint,
    certSANs,
    podCIDR: network.podCIDR,
    serviceCIDR: network.serviceCIDR,
    nodePrefix: network.nodePrefix,
    clusterDomain: kubernetes.clusterDomain,
    ...(spec.images.registry === undefined ? {} : { registry: spec.images.registry }),
    ...(etcdEndpoints === undefined ? {} : { externalEtcd: { endpoints: etcdEndpoints, caFile, certFile, keyFile } }),
    patch: withoutReplacedProxy(spec),
  })
  const kubeProxy = kubeProxyConfiguration(kubernetes.kubeProxyConfiguration)
  return {
    cluster,
    kubelet: kubeletConfiguration(
      kubernetes.kubeletConfiguration,
      kubeletFeatureGates(spec.runtime.name, kubernetes.version),
    ),
    kubeProxy: addonsOf(spec).kubeProxy ? kubeProxy : undefined,
  }
}

/**
 * The documents of one control plane node. While the CA is rotated, its controller manager has files of its own for it as long as they
 * are on the node; a node that joins has what the first one has.
 */
export function documentsOn(inventory: Inventory, machine: Machine): ClusterDocuments {
  const documents = documentsOf(inventory)
  return hasFilesApart(inventory, machine) ? withRotationFiles(documents) : documents
}

/** Whether the controller manager of a control plane node has, or gets, files of its own for the CA; see documentsOn(). */
export function hasFilesApart(inventory: Inventory, { facts }: Machine): boolean {
  const { kubernetes } = facts.kubernetes.controlPlane ? facts : inventory.first.facts
  return kubernetes.controlPlane && kubernetes.caRotation?.apart === true
}

// ClusterConfiguration.proxy.disabled (kubeadm.k8s.io/v1beta4) also applies to upgrades; a skipped phase applies only to
// init.
function withoutReplacedProxy({ kubernetes, network }: ClusterSpec) {
  const isReplaced = network.cni === 'cilium' && network.cilium.kubeProxyReplacement
  return isReplaced
    ? deepMerge(kubernetes.clusterConfiguration, { proxy: { disabled: true } })
    : kubernetes.clusterConfiguration
}
