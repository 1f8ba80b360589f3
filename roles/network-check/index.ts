import { type CheckPods, type NetworkPath, networkCheck, type Output, type Role, type Task } from '../../src/index.ts'

export interface NetworkCheckRoleParameters {
  readonly node: string
  /** The nodes whose pods are asked from here. */
  readonly peers: readonly {
    readonly node: string
    readonly address: string
  }[]
  /** What the network is, in words: the check is repeated when it is another one. */
  readonly network: string
  readonly path: NetworkPath
  /** Made for the run, on a control plane node. */
  readonly pods: Output<CheckPods>
}

/** The proof that pods on this node reach pods on others, DNS and Services. */
export const networkCheckRole: Role<NetworkCheckRoleParameters, { readonly checked: Task }> = {
  name: 'network-check',
  declare: (scope, params) => ({ checked: scope.add(networkCheck(params)) }),
}
