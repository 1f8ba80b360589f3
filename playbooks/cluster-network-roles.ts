import { calico } from '../roles/calico/index.ts'
import { cilium } from '../roles/cilium/index.ts'
import { flannel } from '../roles/flannel/index.ts'
import { settledNetworkRole } from '../roles/settled-network/index.ts'
import type { ClusterSpec, GraphBuilder, Task } from '../src/index.ts'
import { endpointOf, isNode, type Machine } from './cluster-addresses.ts'
import { hasKubeProxy } from './cluster-documents.ts'
import { networkDownloads } from './cluster-downloads.ts'

/** The pod network of cluster.yaml, set up from the first control plane node; undefined where that is left to the user. */
export function declareNetwork(
  builder: GraphBuilder,
  spec: ClusterSpec,
  first: Machine,
  after: { readonly downloads: readonly Task[]; readonly controlPlane: Task },
): { readonly applied: Task } | undefined {
  const { network, file } = spec
  const { cni, podCIDR } = network
  if (cni === 'none') return undefined
  const scope = (role: { readonly name: string }) => builder.scope(first.host.name, role.name)
  settledNetworkRole.declare(scope(settledNetworkRole), {
    cni,
    file,
    ...(cni === 'cilium' ? { kubeProxy: hasKubeProxy(spec) } : {}),
  })
  const downloads = networkDownloads(spec, first)
  const order = { downloadAfter: [...after.downloads], controlPlane: after.controlPlane }
  const endpoint = endpointOf(spec)
  if (cni === 'calico')
    return calico.declare(scope(calico), {
      manifest: downloads.calicoManifest(),
      podCIDR,
      encapsulation: network.calico.encapsulation,
      registry: network.calico.registry,
      ...order,
    })
  if (cni === 'cilium')
    return cilium.declare(scope(cilium), {
      chart: downloads.ciliumChart(),
      helm: downloads.helm(),
      helmFolder: downloads.helmFolder,
      kubeProxyReplacement: network.cilium.kubeProxyReplacement,
      values: network.cilium.values,
      nodes: spec.hosts.filter(isNode).length,
      endpoint,
      ...order,
    })
  const { backend, image } = network.flannel
  return flannel.declare(scope(flannel), { podCIDR, backend, image, endpoint, controlPlane: after.controlPlane })
}
