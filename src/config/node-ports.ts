import type { Patch } from './spec.ts'

/** A range of ports; `first` and `last` are part of it. */
export interface NodePorts {
  readonly first: number
  readonly last: number
}

/** kube-apiserver's own default of --service-node-port-range. */
export const defaultNodePorts: NodePorts = { first: 30_000, last: 32_767 }

/** `30000-32767` or `30000+2767`, as kube-apiserver takes it; undefined for anything else. */
export function parseNodePorts(value: unknown): NodePorts | undefined {
  const [, base = '', separator, second = ''] = /^(\d{1,5})([-+])(\d{1,5})$/.exec(String(value)) ?? []
  const first = Number(base)
  const last = separator === '+' ? first + Number(second) : Number(second)
  return separator === undefined || first < 1 || last > 65_535 || first > last ? undefined : { first, last }
}

/** The ports of Services of type NodePort: from the patch of ClusterConfiguration, else the default. */
export function nodePortsOf(clusterConfiguration: Patch): NodePorts {
  const { apiServer } = clusterConfiguration as { readonly apiServer?: { readonly extraArgs?: unknown } }
  const args: readonly unknown[] = Array.isArray(apiServer?.extraArgs) ? apiServer.extraArgs : []
  const given = args.find(isRange)
  return (given === undefined ? undefined : parseNodePorts(given.value)) ?? defaultNodePorts
}

function isRange(value: unknown): value is { readonly value?: unknown } {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === 'service-node-port-range'
}
