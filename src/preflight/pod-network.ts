import type { ClusterSpec } from '../index.ts'

/** What a pod network leaves on a host, by names. */
interface Trace {
  readonly network: ClusterSpec['network']['cni'] | 'another'
  /** The name of its file in /etc/cni/net.d. */
  readonly file?: RegExp
  /** The names of its interfaces. */
  readonly interfaces: RegExp
}

// These names are those of the projects' manifests. cni0 is also the bridge of evcctl's flannel.
const traces: readonly Trace[] = [
  { network: 'flannel', file: /^10-flannel\.conflist$/, interfaces: /^(cni0|flannel.*)$/ },
  {
    network: 'calico',
    file: /^10-calico\.conflist$/,
    interfaces: /^(vxlan.*\.calico|cali.*|wireguard\.cali|wg-v6\.cali|tunl0)$/,
  },
  { network: 'cilium', file: /^05-cilium\.conflist$/, interfaces: /^(cilium_.*|lxc_health)$/ },
]

/** Whether the wanted pod network itself writes this file in /etc/cni/net.d and overwrites an earlier one. */
export function isOwnCniFile({ network }: ClusterSpec, path: string): boolean {
  return traces.some(trace => trace.network === network.cni && trace.file?.test(nameOf(path)) === true)
}

/** Whether the wanted pod network itself creates this interface, or uses it if it exists. */
export function isOwnInterface({ network }: ClusterSpec, name: string): boolean {
  return traces.some(trace => trace.network === network.cni && trace.interfaces.test(name))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
