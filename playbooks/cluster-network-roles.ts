import { calico } from '../roles/calico/index.ts'
import { cilium } from '../roles/cilium/index.ts'
import { flannel } from '../roles/flannel/index.ts'
import { settledNetworkRole } from '../roles/settled-network/index.ts'
import type { ClusterSpec, GraphBuilder, HostFacts, Task } from '../src/index.ts'
import { endpointOf, isNode, type Machine } from './cluster-addresses.ts'
import { hasKubeProxy } from './cluster-documents.ts'
import { networkDownloads } from './cluster-downloads.ts'

/** A control plane node from which a pod network is set up. */
export interface NetworkHome {
  readonly machine: Machine
  /** What downloads need there. */
  readonly downloads: readonly Task[]
  /** Done when it is a control plane node. */
  readonly joined: Task
}

export interface NetworkPlaces {
  /** Where the API is asked. */
  readonly first: Omit<NetworkHome, 'downloads'>
  /** The first control plane node of cluster.yaml; undefined where it does not answer. */
  readonly home: NetworkHome | undefined
}

/**
 * The pod network of cluster.yaml. What needs files is set up from the first control plane node of cluster.yaml and no
 * other: else the files would wander when that is off. Then the network is left as it is, and so is what is returned.
 */
export function declareNetwork(
  builder: GraphBuilder,
  spec: ClusterSpec,
  { first, home }: NetworkPlaces,
): { readonly applied: Task } | undefined {
  const { network, file } = spec
  const { cni, podCIDR } = network
  if (cni === 'none') return undefined
  const { same } = settledNetworkRole.declare(builder.scope(first.machine.host.name, settledNetworkRole.name), {
    cni,
    file,
    after: [...new Set([first.joined, ...(home === undefined || cni === 'flannel' ? [] : [home.joined])])],
    ...(cni === 'cilium' ? { kubeProxy: hasKubeProxy(spec) } : {}),
  })
  const endpoint = endpointOf(spec)
  if (cni === 'flannel') {
    const { backend, image } = network.flannel
    const scope = builder.scope(first.machine.host.name, flannel.name)
    return flannel.declare(scope, { podCIDR, backend, image, endpoint, controlPlane: same })
  }
  if (home === undefined) return undefined
  const downloads = networkDownloads(spec, home.machine)
  const order = { downloadAfter: [...home.downloads], controlPlane: same }
  const scope = (role: { readonly name: string }) => builder.scope(home.machine.host.name, role.name)
  if (cni === 'calico')
    return calico.declare(scope(calico), {
      manifest: downloads.calicoManifest(),
      podCIDR,
      encapsulation: network.calico.encapsulation,
      registry: network.calico.registry,
      ...order,
    })
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
}

/** What to say of a pod network that cannot be looked at, because the host that it is set up from does not answer. */
export function networkLeftOut(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
): { readonly host: string; readonly text: string } | undefined {
  const { cni } = spec.network
  const host = spec.hosts.find(({ roles }) => roles.includes('control-plane'))
  if (host === undefined || facts.has(host.name) || (cni !== 'calico' && cni !== 'cilium')) return undefined
  const text = `${cni} is set up from ${host.name}, which does not answer: the pod network stays as it is, and its settings are not compared.`
  return { host: host.name, text }
}
