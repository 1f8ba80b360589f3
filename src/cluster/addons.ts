import type { ClusterSpec } from '../config/index.ts'

/** Whether the cluster's DNS is the CoreDNS that kubeadm makes. kubeadm can be told in two ways to leave it out. */
export function hasCoreDns(spec: ClusterSpec): boolean {
  const { dns } = spec.kubernetes.clusterConfiguration as { readonly dns?: { readonly disabled?: boolean } }
  return dns?.disabled !== true && !skipsAddon(spec, 'coredns')
}

/** Whether kube-proxy runs. kubeadm can be told in two ways to leave it out. */
export function hasKubeProxy(spec: ClusterSpec): boolean {
  const { kubernetes, network } = spec
  if (network.cni === 'cilium' && network.cilium.kubeProxyReplacement) return false
  const { proxy } = kubernetes.clusterConfiguration as { readonly proxy?: { readonly disabled?: boolean } }
  return proxy?.disabled !== true && !skipsAddon(spec, 'kube-proxy')
}

// Whether kubeadm init leaves out what it would otherwise run in the cluster.
function skipsAddon({ kubernetes }: ClusterSpec, addon: 'coredns' | 'kube-proxy'): boolean {
  const { skipPhases = [] } = kubernetes.initConfiguration as { readonly skipPhases?: readonly string[] }
  return skipPhases.some(phase => phase === 'addon' || phase === `addon/${addon}`)
}
