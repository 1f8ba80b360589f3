import { z } from 'zod'
import { type CheckPods, defineRole, type NetworkPath, networkCheck, type Output, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  node: z.string(),
  /** The nodes whose pods are asked from here. */
  peers: z.array(z.strictObject({ node: z.string(), address: z.string() })),
  /** What the network is, in words: the check is repeated when it is another one. */
  network: z.string(),
  path: z.custom<NetworkPath>(),
  /** Made for the run, on a control plane node. */
  pods: z.custom<Output<CheckPods>>(),
})

export type NetworkCheckRoleParameters = z.output<typeof parameters>

/** The proof that pods on this node reach pods on others, DNS and Services. */
export const networkCheckRole = defineRole<NetworkCheckRoleParameters, { readonly checked: Task }>({
  name: 'network-check',
  params: parameters,
  declare: (scope, params) => ({ checked: scope.add(networkCheck(params)) }),
})
