import { z } from 'zod'
import { defineRole, dnsPlacement, type ExpectedNode, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** The nodes that `after` waits for. */
  nodes: z.array(z.custom<ExpectedNode>()),
  /** Whether they are Ready then. */
  ready: z.boolean(),
  after: z.array(z.custom<Task>()),
})

export type ClusterDnsParameters = z.output<typeof parameters>

/** CoreDNS as kubeadm makes it, so that it outlives a node. Runs on a control plane node. */
export const clusterDns = defineRole<ClusterDnsParameters, { readonly placed: Task }>({
  name: 'cluster-dns',
  params: parameters,
  declare: (scope, { after, ...params }) => ({ placed: scope.add(dnsPlacement(params), { after }) }),
})
