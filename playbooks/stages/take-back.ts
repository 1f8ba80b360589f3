import { flannelsOwnFiles } from '../../roles/flannel/index.ts'
import { formerNode } from '../../roles/former-node/index.ts'
import {
  etcdDataGone,
  etcdPaths,
  etcdUnit,
  type Graph,
  type GraphBuilder,
  type HostSpec,
  hostCleared,
  type Inventory,
  isNode,
  type Task,
  takeBackHost,
} from '../../src/index.ts'

export interface TakingBack {
  readonly inventory: Inventory
  readonly builder: GraphBuilder
  /** What evcctl makes on the hosts: see made-on-hosts.ts. */
  readonly made: Graph
}

/** Declares that nothing of evcctl is left on a host that is no node any more. Returns the task that is done at the end. */
export function takeBack(
  { inventory, builder, made }: TakingBack,
  host: HostSpec,
  { after, keepsFiles = false }: { readonly after: readonly Task[]; readonly keepsFiles?: boolean },
): Task {
  const { name } = host
  const scope = builder.scope(name, 'reset')
  const former = isNode(host)
    ? formerNode.declare(builder.scope(name, formerNode.name), {
        network: inventory.spec.network,
        files: inventory.spec.network.cni === 'flannel' && !keepsFiles ? flannelsOwnFiles : [],
        after,
      }).gone
    : []
  const before = [...after, ...former]
  const back = takeBackHost(builder, made, { host: name, after: before })
  const all = [...back, ...takeEtcdBack(builder, name, back, after)]
  // It deletes what the programs have written, so all of them have to be stopped.
  const folders = all.filter(({ resource }) => resource.kind === 'record')
  const others = all.filter(task => !folders.includes(task))
  for (const task of folders) builder.holdBack(task, others)
  return scope.add(hostCleared(), { after: [...before, ...all] })
}

// The settings of the member tell whose data it is, so they go after it.
function takeEtcdBack(
  builder: GraphBuilder,
  host: string,
  back: readonly Task[],
  after: readonly Task[],
): readonly Task[] {
  const unit = back.find(({ resource }) => resource.kind === 'unit' && resource.name === etcdUnit)
  if (unit === undefined) return []
  const data = builder.scope(host, unit.role).add(etcdDataGone(host), { after: [...after, unit] })
  const settings = back.filter(({ resource }) => resource.name === etcdPaths.environment)
  for (const task of settings) builder.holdBack(task, [data])
  return [data]
}
