import { type ApiAccess, flannelNode, nodeLabels, type Role, type Taint, type Task } from '../../src/index.ts'

export interface NodesParameters {
  readonly api: ApiAccess
  /** Name of the node; the role runs on a control plane node. */
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  /** Keys of taints that are removed unless the user sets them, e.g. Kubernetes' own. */
  readonly managedTaints: readonly string[]
  /** Done when the node is in the cluster. */
  readonly joined: Task
  /** Undefined where the pod network is not flannel. */
  readonly flannel?: {
    /** The address at which the other nodes reach the node. */
    readonly address: string
    /** Done when the node is Ready: flannel has published its address by then. */
    readonly ready: Task
  }
}

export interface NodesOutputs {
  readonly labelled: Task
  /** Done when the other nodes know the route to its pods; undefined where flannel does not publish it. */
  readonly announced: Task | undefined
}

/** What the cluster stores about one node: labels, taints and the route to its pods. */
export const nodes: Role<NodesParameters, NodesOutputs> = {
  name: 'nodes',
  declare(scope, { api, node, labels, taints, managedTaints, joined, flannel }) {
    const wanted = taints.map(({ key, value, effect }) =>
      value === undefined ? { key, effect } : { key, value, effect },
    )
    const labelled = scope.add(nodeLabels({ api, node, labels, taints: wanted, managedTaints }), { after: [joined] })
    const announced =
      flannel === undefined
        ? undefined
        : scope.add(flannelNode({ api, node, address: flannel.address }), { after: [flannel.ready] })
    return { labelled, announced }
  },
}
