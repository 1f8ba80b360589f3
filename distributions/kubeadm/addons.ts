import type { ClusterSpec, DistributionAddons } from '../../src/index.ts'

/** The addons that kubeadm installs in the cluster. Two settings of kubeadm leave one out. */
export function addonsOf(spec: ClusterSpec): DistributionAddons {
  const { dns, proxy } = spec.kubernetes.clusterConfiguration as {
    readonly dns?: { readonly disabled?: boolean }
    readonly proxy?: { readonly disabled?: boolean }
  }
  const { cni, cilium } = spec.network
  const isReplaced = cni === 'cilium' && cilium.kubeProxyReplacement
  return {
    coreDns: dns?.disabled !== true && !skipsAddon(spec, 'coredns'),
    kubeProxy: !isReplaced && proxy?.disabled !== true && !skipsAddon(spec, 'kube-proxy'),
  }
}

// Whether kubeadm init skips the phase that installs the addon.
function skipsAddon({ kubernetes }: ClusterSpec, addon: 'coredns' | 'kube-proxy'): boolean {
  const { skipPhases = [] } = kubernetes.initConfiguration as { readonly skipPhases?: readonly string[] }
  return skipPhases.some(phase => phase === 'addon' || phase === `addon/${addon}`)
}
