import { flannelsOwnFiles } from '../../roles/flannel/index.ts'
import { absent, type Machine, type Site, type Task } from '../../src/index.ts'
import { isRunningNode } from '../standing.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { PreparedNode } from './prepare-node.ts'

/** The tasks that must be done before kubeadm makes a host a node. */
export function readyToJoin(
  on: Site,
  { machine, prepared }: PreparedNode,
  { inside }: Pick<PreparedHosts, 'inside'>,
): readonly Task[] {
  if (isRunningNode(machine.host, on.inventory.facts)) return prepared
  // A node that joins an existing cluster needs the open firewalls of the control plane and etcd.
  return [...prepared, ...inside, ...forgetFormerNetwork(on, machine)]
}

// Removes the files that flannel wrote when the host was another node. With them, pods would start before flannel writes
// new ones; they would get addresses of the former range and reach nobody. Pods of the former node may still exist:
// Kubernetes deletes them some 40 s after their Node object, and not at all if that exists again by then.
function forgetFormerNetwork({ inventory, builder }: Site, { name }: Machine): readonly Task[] {
  if (inventory.spec.network.cni !== 'flannel') return []
  const scope = builder.scope(name, 'former-network')
  return flannelsOwnFiles.map(path => scope.add(absent({ path })))
}
