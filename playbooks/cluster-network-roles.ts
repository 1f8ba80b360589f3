import { calico } from '../roles/calico/index.ts'
import { cilium } from '../roles/cilium/index.ts'
import { flannel } from '../roles/flannel/index.ts'
import { settledNetworkRole } from '../roles/settled-network/index.ts'
import {
  type ClusterSpec,
  type GraphBuilder,
  type HostFacts,
  type NetworkOutputs,
  rollout,
  type Scope,
  type Task,
} from '../src/index.ts'
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
  /** Done when all hosts are nodes. */
  readonly joined: readonly Task[]
}

/** The pod network of a cluster. */
export interface Network {
  /** Done when the cluster has its objects: nodes become Ready by it. */
  readonly applied: Task
  /** Done when what was changed of it runs on all nodes. */
  readonly rolledOut: Task
}

/**
 * The pod network of cluster.yaml. Its rollout on nodes that have one comes after new ones have joined: those need not wait
 * for it, nor for the host that would wait meanwhile. What needs files is set up from the first control plane node of cluster.yaml and no
 * other: else the files would wander when that is off. Then the network is left as it is, and so is what is returned.
 */
export function declareNetwork(
  builder: GraphBuilder,
  spec: ClusterSpec,
  { first, home, joined }: NetworkPlaces,
): Network | undefined {
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
  const rolling = ({ applied, daemonSet }: NetworkOutputs, scope: Scope): Network => ({
    applied,
    rolledOut: scope.add(rollout({ name: cni, daemonSet }), { after: joined, watch: [applied] }),
  })
  if (cni === 'flannel') {
    const { backend, image } = network.flannel
    const scope = builder.scope(first.machine.host.name, flannel.name)
    return rolling(flannel.declare(scope, { podCIDR, backend, image, endpoint, controlPlane: same }), scope)
  }
  if (home === undefined) return undefined
  const downloads = networkDownloads(spec, home.machine)
  const order = { downloadAfter: [...home.downloads], controlPlane: same }
  const scope = builder.scope(home.machine.host.name, cni)
  if (cni === 'calico') {
    const { encapsulation, registry } = network.calico
    const manifest = downloads.calicoManifest()
    return rolling(calico.declare(scope, { manifest, podCIDR, encapsulation, registry, ...order }), scope)
  }
  const outputs = cilium.declare(scope, {
    chart: downloads.ciliumChart(),
    helm: downloads.helm(),
    helmFolder: downloads.helmFolder,
    kubeProxyReplacement: network.cilium.kubeProxyReplacement,
    values: network.cilium.values,
    nodes: spec.hosts.filter(isNode).length,
    endpoint,
    ...order,
  })
  return rolling(outputs, scope)
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
