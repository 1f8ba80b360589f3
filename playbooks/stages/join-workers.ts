import { isControlPlane, type Site, serverGetsOtherVersion } from '../../src/index.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import { readyToJoin } from './ready-to-join.ts'

/**
 * Joins all workers to the cluster, in parallel. While API servers change their version, those that are new wait for all of
 * them: no kubelet may be newer than an API server.
 */
export function joinWorkers(on: Site, hosts: PreparedHosts, controlPlane: ControlPlane): readonly JoinedNode[] {
  const workers = hosts.nodes.filter(({ machine }) => !isControlPlane(machine.host))
  const { spec } = on.inventory
  const upgraded = controlPlane.nodes.filter(({ machine }) => serverGetsOtherVersion(spec, machine))
  return workers.map(host => {
    const made = controlPlane.cluster.joinAgent({ machine: host.machine, after: readyToJoin(on, host, hosts) })
    on.builder.holdBack(
      made.joined,
      upgraded.flatMap(({ machine }) => controlPlane.configured.get(machine.name) ?? []),
    )
    return { ...host, ...made }
  })
}
