import { dnsPlacement, type ExpectedNode, nodeDns, type Role, type Task } from '../../src/index.ts'

export interface ClusterDnsParameters {
  /** Whether it runs on every node besides. */
  readonly everyNode: boolean
  /** Done when there is a cluster. */
  readonly initialised: Task
  /** Where the pods may run that kubeadm makes; `up` waits for these nodes. */
  readonly nodes: readonly ExpectedNode[]
  /** Whether they are Ready then. */
  readonly ready: boolean
  readonly up: readonly Task[]
}

/** CoreDNS as kubeadm makes it, so that it outlives any one node. Runs on a control plane node. */
export const clusterDns: Role<ClusterDnsParameters, { readonly placed: Task }> = {
  name: 'cluster-dns',
  declare(scope, { everyNode, initialised, nodes, ready, up }) {
    scope.add(nodeDns({ wanted: everyNode }), { after: [initialised] })
    return { placed: scope.add(dnsPlacement({ nodes, ready }), { after: up }) }
  },
}
