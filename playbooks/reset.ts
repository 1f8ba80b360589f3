import { distributionOf } from '../distributions/index.ts'
import { etcdLeaving } from '../roles/etcd/index.ts'
import {
  barrier,
  GraphBuilder,
  type HostSpec,
  type Inventory,
  isControlPlane,
  isNode,
  type Operation,
  type Task,
} from '../src/index.ts'
import { cluster } from './cluster.ts'
import { madeOnHosts } from './stages/made-on-hosts.ts'
import { takeBack } from './stages/take-back.ts'

/**
 * Takes some hosts out of a cluster that goes on, and takes back what evcctl has put on them. In the inventory these hosts
 * leave. Where no cluster stands, only the hosts themselves are cleaned.
 */
export function resetHosts(names: readonly string[]): Operation {
  return inventory => {
    const { spec, facts } = inventory
    const hosts = [...spec.hosts, ...spec.leaving].filter(({ name }) => names.includes(name) && facts.has(name))
    const stands = spec.hosts.some(({ name }) => facts.get(name)?.kubernetes.controlPlane === true)
    if (!stands) return takeApart(inventory, hosts)
    const builder = new GraphBuilder(cluster(inventory))
    const made = madeOnHosts(inventory)
    const declared = [...builder.tasks]
    // A host of etcd is needed until its member has left.
    const left = declared.filter(({ role, resource }) => role === etcdLeaving.name && resource.kind === 'etcd members')
    for (const host of hosts) {
      const own = declared.filter(task => task.host === host.name)
      takeBack({ inventory, builder, made }, host, { after: [...own, ...left], keepsFiles: true })
    }
    return builder.build()
  }
}

/**
 * Takes the whole cluster away: no drain, and nobody is asked whether it can go on. Workers go first, control plane nodes
 * after them, so that a run that is cut off leaves a control plane as long as it has nodes.
 */
export const resetAll: Operation = inventory => takeApart(inventory, inventory.spec.hosts)

function takeApart(inventory: Inventory, hosts: readonly HostSpec[]) {
  const { spec, facts } = inventory
  const builder = new GraphBuilder()
  const made = madeOnHosts(inventory)
  const answering = hosts.filter(({ name }) => facts.has(name))
  const known = showsCluster(inventory, answering)
  const nodes = distributionOf(spec).dissolve({ inventory, builder }, known?.name)
  let before: readonly Task[] = []
  for (const [index, batch] of batchesOf(answering, known).entries()) {
    const after = before
    const done = batch.map(host => {
      const { name } = host
      const leaving = { name, isNode: isNode(host), isControlPlane: isControlPlane(host), isInFile: true }
      const node = { ...leaving, facts: facts.get(name), address: undefined }
      const reset = isNode(host) ? [nodes.reset({ leaving: node, after })] : []
      return takeBack({ inventory, builder, made }, host, { after: [...after, ...reset] })
    })
    // One task to wait for: otherwise every host would have an edge to every one before it.
    const gate = barrier(`hosts are reset, batch ${index + 1}`)
    before = [builder.scope(batch[0]!.name, 'reset').add(gate, { afterReached: done })]
  }
  return builder.build()
}

// The host that tells which cluster the others have to belong to. It goes last of the nodes, so that a run that was cut off
// finds it again.
function showsCluster({ facts }: Inventory, hosts: readonly HostSpec[]): HostSpec | undefined {
  const is = (key: 'adminConf' | 'kubeletConf') =>
    hosts.find(host => isNode(host) && facts.get(host.name)?.kubernetes[key] === true)
  return is('adminConf') ?? is('kubeletConf')
}

function batchesOf(hosts: readonly HostSpec[], known: HostSpec | undefined): readonly (readonly HostSpec[])[] {
  const others = hosts.filter(host => host !== known && isNode(host))
  return [
    others.filter(host => !isControlPlane(host)),
    others.filter(isControlPlane),
    known === undefined ? [] : [known],
    hosts.filter(host => !isNode(host)),
  ].filter(batch => batch.length > 0)
}
