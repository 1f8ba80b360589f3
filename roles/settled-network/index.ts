import { z } from 'zod'
import { defineRole, settledNetwork, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** `spec.network.cni` */
  cni: z.string(),
  /** Whether there is to be kube-proxy; undefined: it does not matter to the network. */
  kubeProxy: z.boolean().optional(),
  /** Path of cluster.yaml, for messages. */
  file: z.string(),
  /** Done when the host, and the one that the network is set up from, are control plane nodes. */
  after: z.array(z.custom<Task>()),
})

export type SettledNetworkRoleParameters = z.output<typeof parameters>

/** Refuses another pod network than the standing cluster has, before anything is written; the network waits for it. */
export const settledNetworkRole = defineRole<SettledNetworkRoleParameters, { readonly same: Task }>({
  name: 'settled-network',
  params: parameters,
  declare: (scope, { kubeProxy, after, ...params }) => ({
    same: scope.add(settledNetwork({ ...params, ...(kubeProxy === undefined ? {} : { kubeProxy }) }), { after }),
  }),
})
