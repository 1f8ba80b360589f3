import { z } from 'zod'
import { defineRole, flannelNode, nodeLabels, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** Name of the node; the role runs on a control plane node. */
  node: z.string(),
  labels: z.record(z.string(), z.string()),
  taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  /** Keys of taints that are not the user's: gone unless wanted. */
  managedTaints: z.array(z.string()),
  /** Done when the node is in the cluster. */
  joined: z.custom<Task>(),
  /** Undefined where the pod network is not flannel. */
  flannel: z
    .strictObject({
      /** The address that the other nodes use. */
      address: z.string(),
      /** Done when the node is Ready: flannel has spoken by then. */
      ready: z.custom<Task>(),
    })
    .optional(),
})

export type NodesParameters = z.output<typeof parameters>

export interface NodesOutputs {
  readonly labelled: Task
  /** Done when the others know the way to its pods; undefined where flannel does not tell them. */
  readonly announced: Task | undefined
}

/** What the cluster is to know of one node: labels, taints and the way to its pods. */
export const nodes = defineRole<NodesParameters, NodesOutputs>({
  name: 'nodes',
  params: parameters,
  declare(scope, { node, labels, taints, managedTaints, joined, flannel }) {
    const wanted = taints.map(({ key, value, effect }) =>
      value === undefined ? { key, effect } : { key, value, effect },
    )
    const labelled = scope.add(nodeLabels({ node, labels, taints: wanted, managedTaints }), { after: [joined] })
    const announced =
      flannel === undefined
        ? undefined
        : scope.add(flannelNode({ node, address: flannel.address }), { after: [flannel.ready] })
    return { labelled, announced }
  },
})
