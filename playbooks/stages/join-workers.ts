import { worker } from '../../roles/worker/index.ts'
import { isControlPlane } from '../../src/index.ts'
import type { Site } from '../site.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'
import { nodeOf } from './node-of.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import { readyToJoin } from './ready-to-join.ts'

/** kubeadm join on all workers, side by side. */
export function joinWorkers(on: Site, hosts: PreparedHosts, controlPlane: ControlPlane): readonly JoinedNode[] {
  const { spec, endpoint } = on.inventory
  const { identity, token, documents } = controlPlane
  const workers = hosts.nodes.filter(({ machine }) => !isControlPlane(machine.host))
  return workers.map(host => {
    const made = on.declare(worker, host.machine.name, {
      node: nodeOf(spec, host.machine),
      endpoint,
      identity,
      token,
      kubeletConfiguration: documents.kubelet,
      joinPatch: spec.kubernetes.joinConfiguration,
      ignorePreflightErrors: spec.kubernetes.ignorePreflightErrors,
      after: readyToJoin(on, host, hosts),
    })
    return { ...host, ...made }
  })
}
