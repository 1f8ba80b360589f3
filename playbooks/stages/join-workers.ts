import { isControlPlane, type Site } from '../../src/index.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import { readyToJoin } from './ready-to-join.ts'

/** Joins all workers to the cluster, in parallel. */
export function joinWorkers(on: Site, hosts: PreparedHosts, { cluster }: ControlPlane): readonly JoinedNode[] {
  const workers = hosts.nodes.filter(({ machine }) => !isControlPlane(machine.host))
  return workers.map(host => {
    const made = cluster.joinAgent({ machine: host.machine, after: readyToJoin(on, host, hosts) })
    return { ...host, ...made }
  })
}
