import type { ClusterSpec } from '../index.ts'

/** What a pod network leaves on a host. */
interface Trace {
  readonly network: ClusterSpec['network']['cni'] | 'another'
  /** Name of its file in /etc/cni/net.d. */
  readonly file?: RegExp
  /** Names of its interfaces. */
  readonly interfaces: RegExp
}

// Names as the projects' manifests have them; cni0 is the bridge of evcctl's flannel, too.
const traces: readonly Trace[] = [
  { network: 'flannel', file: /^10-flannel\.conflist$/, interfaces: /^(cni0|flannel.*)$/ },
  {
    network: 'calico',
    file: /^10-calico\.conflist$/,
    interfaces: /^(vxlan.*\.calico|cali.*|wireguard\.cali|wg-v6\.cali|tunl0)$/,
  },
  { network: 'cilium', file: /^05-cilium\.conflist$/, interfaces: /^(cilium_.*|lxc_health)$/ },
]

/** Whether a file in /etc/cni/net.d is one that the wanted pod network writes itself, over what is there. */
export function isOwnCniFile({ network }: ClusterSpec, path: string): boolean {
  return traces.some(trace => trace.network === network.cni && trace.file?.test(nameOf(path)) === true)
}

/** Whether an interface is one that the wanted pod network makes itself, or takes as it is. */
export function isOwnInterface({ network }: ClusterSpec, name: string): boolean {
  return traces.some(trace => trace.network === network.cni && trace.interfaces.test(name))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
