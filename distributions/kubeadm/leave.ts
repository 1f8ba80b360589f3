import {
  clusterOfHost,
  type DistributedCluster,
  defaultEtcdData,
  etcdDataOf,
  type KubernetesDocument,
  type LeavingMachine,
  type MemberRemoval,
  noCaHash,
  nodeReset,
  Output,
  runtimes,
  type Site,
  stackedMemberGone,
  type Task,
  wasCutOff,
} from '../../src/index.ts'
import { documentsOf } from './documents.ts'

/** Declares on the first control plane node that a node has no member in the stacked etcd. */
export function removeMember(on: Site, { leaving, earlier, after }: MemberRemoval): Task | undefined {
  const { spec, apiServers, machines } = on.inventory
  if (spec.etcd.topology !== 'stacked') return undefined
  const { address: own } = on.first
  const others = [own, ...apiServers.filter(address => address !== own)]
  const putsBack = machines.some(({ facts }) => wasCutOff(facts))
  const gone = stackedMemberGone({ node: leaving.name, address: leaving.address, others, earlier, putsBack })
  return on.builder.scope(on.first.name, 'remove-nodes').add(gone, { after })
}

/** Declares on a host that leaves that it is no node any more. */
export function resetNode(
  { inventory, builder }: Pick<Site, 'inventory' | 'builder'>,
  { leaving, after }: LeavingMachine,
  { cluster, caHashes }: { readonly cluster: KubernetesDocument; readonly caHashes: Output<readonly string[]> },
): Task {
  const { etcdData: folder = defaultEtcdData } = etcdDataOf(cluster)
  const reset = nodeReset({
    node: leaving.name,
    criSocket: runtimes[inventory.spec.runtime.name].socket,
    isServer: leaving.facts?.kubernetes.controlPlane === true || leaving.isControlPlane,
    etcdData: folder === 'external' ? undefined : folder,
    caHashes,
  })
  return builder.scope(leaving.name, 'remove-nodes').add(reset, { after })
}

/** Declares that hosts are no nodes any more, in an operation that takes the whole cluster away. See Distribution. */
export function dissolve(
  on: Pick<Site, 'inventory' | 'builder'>,
  known: string | undefined,
): Pick<DistributedCluster, 'reset'> {
  const { spec } = on.inventory
  const cluster = documentsOf(on.inventory).cluster
  const { clusterName = spec.name } = cluster as { readonly clusterName?: string }
  const caHashes =
    known === undefined
      ? new Output<readonly string[]>([], () => [noCaHash])
      : on.builder
          .scope(known, 'reset')
          .add(clusterOfHost({ cluster: clusterName, file: spec.file }))
          .output.map(one => one.caHashes)
  return { reset: host => resetNode(on, host, { cluster, caHashes }) }
}
