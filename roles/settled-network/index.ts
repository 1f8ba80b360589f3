import { type ApiAccess, type Role, settledNetwork, type Task } from '../../src/index.ts'

export interface SettledNetworkRoleParameters {
  readonly api: ApiAccess
  /** `spec.network.cni` of cluster.yaml. */
  readonly cni: string
  /** Whether kube-proxy has to run; undefined: the network works either way. */
  readonly kubeProxy?: boolean
  /** A command by which people install kube-proxy. */
  readonly installKubeProxy: string
  /** Path of cluster.yaml, for messages. */
  readonly file: string
  /** Done when this host and the host that sets up the network are control plane nodes. */
  readonly after: readonly Task[]
}

/**
 * Refuses a pod network other than that of the running cluster before anything is written. The tasks of the network wait
 * for it.
 */
export const settledNetworkRole: Role<SettledNetworkRoleParameters, { readonly same: Task }> = {
  name: 'settled-network',
  declare: (scope, { kubeProxy, after, ...params }) => ({
    same: scope.add(settledNetwork({ ...params, ...(kubeProxy === undefined ? {} : { kubeProxy }) }), { after }),
  }),
}
