import type { LocalCommand, Resource } from '../../core/resource.ts'

export interface UserGateParameters extends Pick<LocalCommand, 'command' | 'folder' | 'timeoutMs'> {
  /** Name of the cluster. */
  readonly cluster: string
  /** The nodes that have changed; the command may look at whatever it likes on them. */
  readonly nodes: readonly string[]
  /** The batch, counted from 1, that these nodes are. */
  readonly batch: number
  /** What the batch is of, e.g. `1.36.4`, where there are other batches in the run. Default: it is of all changes. */
  readonly of?: string
}

/**
 * The user's own decision, made on this machine, whether the next nodes change. It enters a bracket around them, so it runs only
 * when one of them is about to change. It is never in desired state: what was true an hour ago proves nothing.
 */
export function userGate({
  command,
  folder,
  timeoutMs,
  cluster,
  nodes,
  batch,
  of,
}: UserGateParameters): Resource<undefined, Record<never, never>> {
  return {
    kind: 'gate',
    name: `after batch ${batch}${of === undefined ? '' : ` of ${of}`}`,
    probe: { script: ':', parse: () => undefined },
    desired: {},
    diff: () => ({ action: 'run', fields: [], note: `on this machine: ${command}` }),
    converge: () => [],
    here: { command, folder, timeoutMs, env: { EVCCTL_CLUSTER: cluster, EVCCTL_NODES: nodes.join(' ') } },
  }
}
