import { type ApiAccess, dnsPlacement, type ExpectedNode, nodeDns, type Role, type Task } from '../../src/index.ts'

export interface ClusterDnsParameters {
  readonly api: ApiAccess
  /** Whether a copy of CoreDNS runs on every node as well. */
  readonly everyNode: boolean
  /** Done when there is a cluster. */
  readonly initialised: Task
  /** Done when CoreDNS has its version. */
  readonly addons: readonly Task[]
  /** The nodes where the pods of kubeadm's Deployment may run. The role waits until these are `up`. */
  readonly nodes: readonly ExpectedNode[]
  /** Whether these nodes are Ready then. */
  readonly ready: boolean
  readonly up: readonly Task[]
  /** Done when drained nodes are in service again: a drain moves the pods of CoreDNS, and none goes to a cordoned node. */
  readonly inService: readonly Task[]
}

/** Spreads the CoreDNS of kubeadm, so that DNS survives the loss of any one node. Runs on a control plane node. */
export const clusterDns: Role<ClusterDnsParameters, { readonly placed: Task }> = {
  name: 'cluster-dns',
  declare(scope, { api, everyNode, initialised, addons, nodes, ready, up, inService }) {
    scope.add(nodeDns({ api, wanted: everyNode }), { after: [initialised], watch: addons })
    return { placed: scope.add(dnsPlacement({ api, nodes, ready }), { after: up, watch: inService }) }
  },
}
