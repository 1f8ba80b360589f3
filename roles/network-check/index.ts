import {
  type ApiAccess,
  type CheckPods,
  type NetworkPath,
  networkCheck,
  type Output,
  type Role,
  type Task,
} from '../../src/index.ts'

export interface NetworkCheckRoleParameters {
  readonly api: ApiAccess
  readonly node: string
  /** The nodes whose pods this node asks. */
  readonly peers: readonly {
    readonly node: string
    readonly address: string
  }[]
  /** A text that names the network and its settings. When it changes, the check runs again. */
  readonly network: string
  readonly path: NetworkPath
  /** The pods of the check, created for this run on a control plane node. */
  readonly pods: Output<CheckPods>
}

/** Proves that pods on this node reach pods on other nodes, DNS and Services. */
export const networkCheckRole: Role<NetworkCheckRoleParameters, { readonly checked: Task }> = {
  name: 'network-check',
  declare: (scope, params) => ({ checked: scope.add(networkCheck(params)) }),
}
