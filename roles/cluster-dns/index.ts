import { z } from 'zod'
import { defineRole, dnsPlacement, type ExpectedNode, nodeDns, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** Whether it runs on every node besides. */
  everyNode: z.boolean(),
  /** Done when there is a cluster. */
  initialised: z.custom<Task>(),
  /** Where the pods may run that kubeadm makes; `up` waits for these nodes. */
  nodes: z.array(z.custom<ExpectedNode>()),
  /** Whether they are Ready then. */
  ready: z.boolean(),
  up: z.array(z.custom<Task>()),
})

export type ClusterDnsParameters = z.output<typeof parameters>

/** CoreDNS as kubeadm makes it, so that it outlives any one node. Runs on a control plane node. */
export const clusterDns = defineRole<ClusterDnsParameters, { readonly placed: Task }>({
  name: 'cluster-dns',
  params: parameters,
  declare(scope, { everyNode, initialised, nodes, ready, up }) {
    scope.add(nodeDns({ wanted: everyNode }), { after: [initialised] })
    return { placed: scope.add(dnsPlacement({ nodes, ready }), { after: up }) }
  },
})
