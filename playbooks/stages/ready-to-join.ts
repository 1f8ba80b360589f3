import { flannelsOwnFiles } from '../../roles/flannel/index.ts'
import { absent, type Machine, type Site, type Task } from '../../src/index.ts'
import { isRunningNode } from '../standing.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { PreparedNode } from './prepare-node.ts'

/** What has to be done before kubeadm makes a node of a host. */
export function readyToJoin(
  on: Site,
  { machine, prepared }: PreparedNode,
  { inside }: Pick<PreparedHosts, 'inside'>,
): readonly Task[] {
  if (isRunningNode(machine.host, on.inventory.facts)) return prepared
  // A node that joins a standing cluster needs the firewalls of the others open.
  return [...prepared, ...inside, ...forgetFormerNetwork(on, machine)]
}

// Takes away what flannel decided for the node that the host has been. By it pods would start before flannel decides again,
// with addresses of the former range, and reach nobody. Pods of the former node may be there: Kubernetes deletes them some
// 40 s after their Node object, and not at all where that is back by then.
function forgetFormerNetwork({ inventory, builder }: Site, { name }: Machine): readonly Task[] {
  if (inventory.spec.network.cni !== 'flannel') return []
  const scope = builder.scope(name, 'former-network')
  return flannelsOwnFiles.map(path => scope.add(absent({ path })))
}
