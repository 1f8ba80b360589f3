import {
  type DistributedCluster,
  isControlPlane,
  type NodeMade,
  type ServerMade,
  type Site,
  type Task,
} from '../../src/index.ts'
import { connectToEtcd, guardEtcd } from './connect-to-etcd.ts'
import type { Etcd } from './declare-etcd.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { PreparedNode } from './prepare-node.ts'
import { readyToJoin } from './ready-to-join.ts'

/** A host that has become a node. */
export type JoinedNode = PreparedNode & NodeMade

export interface ControlPlane {
  /** The first control plane node. `joined` is done when the cluster exists. */
  readonly first: PreparedNode & ServerMade
  /** All control plane nodes that answered, the first one first. */
  readonly nodes: readonly JoinedNode[]
  /** For each node, by name: done when it has the settings of cluster.yaml. */
  readonly configured: ReadonlyMap<string, Task>
  readonly cluster: DistributedCluster
  /** Done when the distribution's own addons have the cluster's version. */
  readonly addons: readonly Task[]
}

/**
 * Creates the cluster on the first control plane node; the other ones join it. For the order of later changes, see
 * ../rolling.ts.
 */
export function declareControlPlane(on: Site, hosts: PreparedHosts, etcd: Etcd): ControlPlane {
  const reached = connectToEtcd(on, hosts.first, etcd)
  const cluster = on.distribution.initialise(on, {
    machine: on.first,
    after: [...readyToJoin(on, hosts.first, hosts), ...reached, ...guardEtcd(on, etcd, reached)],
  })
  const first = { ...hosts.first, ...cluster.first }
  const others = hosts.nodes.filter(node => node !== hosts.first && isControlPlane(node.machine.host))
  const joined = others.map(host => {
    const after = [...readyToJoin(on, host, hosts), ...connectToEtcd(on, host, etcd)]
    return { ...host, ...cluster.joinServer({ machine: host.machine, after }) }
  })
  const nodes = [first, ...joined]
  const configured = new Map(nodes.map(node => [node.machine.name, node.configured]))
  const prepared = hosts.nodes.flatMap(({ programs }) => programs.ready)
  const addons = cluster.addons({ after: [...configured.values()], prepared })
  return { first, nodes, configured, cluster, addons }
}
