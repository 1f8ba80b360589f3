import { type Role, settledNetwork, type Task } from '../../src/index.ts'

export interface SettledNetworkRoleParameters {
  /** `spec.network.cni` */
  readonly cni: string
  /** Whether there is to be kube-proxy; undefined: it does not matter to the network. */
  readonly kubeProxy?: boolean
  /** Path of cluster.yaml, for messages. */
  readonly file: string
  /** Done when the host, and the one that the network is set up from, are control plane nodes. */
  readonly after: readonly Task[]
}

/** Refuses another pod network than the standing cluster has, before anything is written; the network waits for it. */
export const settledNetworkRole: Role<SettledNetworkRoleParameters, { readonly same: Task }> = {
  name: 'settled-network',
  declare: (scope, { kubeProxy, after, ...params }) => ({
    same: scope.add(settledNetwork({ ...params, ...(kubeProxy === undefined ? {} : { kubeProxy }) }), { after }),
  }),
}
