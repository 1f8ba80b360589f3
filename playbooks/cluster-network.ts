import { createHash } from 'node:crypto'
import { type ClusterSpec, defaultsFor, type NetworkPath } from '../src/index.ts'
import { ciliumPath } from './cilium-path.ts'

/**
 * How packets of pods travel, and what a firewall has to let through for it. Sources: flannel's Documentation/backends.md;
 * https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements; Cilium's
 * Documentation/operations/system_requirements.rst.
 */
export function networkPathOf({ network }: ClusterSpec): NetworkPath {
  const { podCIDR, cni, flannel, calico } = network
  const look = looks[cni]
  const base = { podCIDR, ...(look === undefined ? {} : { look }) }
  if (cni === 'none') return { ...base, name: 'routes', filter: `net ${podCIDR}` }
  if (cni === 'flannel' && flannel.backend === 'host-gw') {
    const name = 'host-gw of flannel, which needs all nodes in one layer 2 network'
    return { ...base, name, filter: `net ${podCIDR}` }
  }
  if (cni === 'calico') {
    return calico.encapsulation === 'vxlan'
      ? { ...base, name: 'VXLAN of Calico', carriedBy: 'UDP port 4789', filter: 'udp port 4789' }
      : {
          ...base,
          name: 'IP in IP of Calico, with routes by BGP',
          carriedBy: 'IP protocol 4 or TCP port 179',
          filter: 'ip proto 4 or tcp port 179',
        }
  }
  if (cni === 'flannel') return { ...base, name: 'VXLAN of flannel', ...carriedBy(8472) }
  const { tunnel, wireguard } = ciliumPath(network)
  if (wireguard !== undefined) return { ...base, name: 'WireGuard of Cilium', ...carriedBy(wireguard) }
  if (tunnel !== undefined) return { ...base, name: `${tunnel.name} of Cilium`, ...carriedBy(tunnel.port) }
  return { ...base, name: 'native routing of Cilium', filter: `net ${podCIDR}` }
}

function carriedBy(port: number): Pick<NetworkPath, 'carriedBy' | 'filter'> {
  return { carriedBy: `UDP port ${port}`, filter: `udp port ${port}` }
}

const looks: Readonly<Record<string, string>> = {
  flannel: 'kubectl -n kube-flannel get pods -o wide',
  calico: 'kubectl -n kube-system get pods -l k8s-app=calico-node -o wide',
  cilium: 'kubectl -n kube-system exec daemonset/cilium -c cilium-agent -- cilium-dbg status --brief',
}

/** What the network is, in words: when any of it is another, what was proven before says nothing any more. */
export function networkName({ network, kubernetes }: ClusterSpec): string {
  const { cni, flannel, calico, cilium, podCIDR, serviceCIDR } = network
  const kinds = {
    flannel: `flannel ${flannel.version} ${flannel.backend}`,
    calico: `Calico ${calico.version} ${calico.encapsulation}`,
    cilium: `Cilium ${cilium.version}${cilium.kubeProxyReplacement ? ' in the place of kube-proxy' : ''}${valuesOf(cilium.values)}`,
    none: 'none',
  }
  return `${kinds[cni]}, pods ${podCIDR}, services ${serviceCIDR}, Kubernetes ${kubernetes.version}`
}

// Any of them may change how packets travel; the name is one line.
function valuesOf(values: Readonly<Record<string, unknown>>): string {
  if (Object.keys(values).length === 0) return ''
  return ` with values ${createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 8)}`
}

/** The image of the sandboxes of all pods, which every node has: kubeadm's, unless the runtime is told another. */
export function sandboxImage({ images, kubernetes, runtime }: ClusterSpec): string {
  const patched = runtime.configPatches.map(patch => pinnedSandbox(patch)).findLast(image => image !== undefined)
  return patched ?? `${images.registry ?? 'registry.k8s.io'}/pause:${defaultsFor(kubernetes.version).pause}`
}

// https://github.com/containerd/containerd/blob/v2.3.4/docs/cri/config.md
function pinnedSandbox(patch: Readonly<Record<string, unknown>>): string | undefined {
  const { plugins } = patch as {
    readonly plugins?: Readonly<Record<string, { readonly pinned_images?: { readonly sandbox?: string } }>>
  }
  return plugins?.['io.containerd.cri.v1.images']?.pinned_images?.sandbox
}

/** Up to so many nodes before it, a node asks them all. */
const askedByAll = 8

/**
 * The nodes whose pods are asked from each node: those before it in the file, so that each pair is asked once and a node
 * that is new at the end of the file gives the others nothing to do. An answer proves both ways, since it has to come back.
 * In a large cluster a node asks the 1st, 2nd, 4th, 8th, … before it and the first one: some ten of a thousand.
 *
 * @param nodes all nodes of the file, also those that do not answer: else one that is off would give others new peers
 */
export function peersOf<T>(nodes: readonly T[]): ReadonlyMap<T, readonly T[]> {
  return new Map(nodes.map((node, at) => [node, placesBefore(at).map(place => nodes[place]!)]))
}

function placesBefore(at: number): readonly number[] {
  if (at <= askedByAll) return Array.from({ length: at }, (_, place) => place)
  const distances = Array.from({ length: Math.floor(Math.log2(at)) + 1 }, (_, power) => 2 ** power)
  return [...new Set([0, ...distances.map(distance => at - distance).reverse()])]
}
