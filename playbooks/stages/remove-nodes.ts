import { flannelsOwnFiles } from '../../roles/flannel/index.ts'
import { nodeDrain, nodeRemoval } from '../../roles/node-service/index.ts'
import {
  absent,
  isControlPlane,
  isNode,
  type LeavingHost,
  type Site,
  serverGetsOtherVersion,
  type Task,
  workerBatches,
} from '../../src/index.ts'
import { isRunningNode, leavesEtcdFirst } from '../standing.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { RunningNode } from './run-nodes.ts'

/** What removals wait for. */
interface Order {
  readonly after: readonly Task[]
  readonly afterReached: readonly Task[]
}

/**
 * Removes the nodes that leave: drain, member of etcd, Node, and then the host itself, if it answers. Control plane nodes go
 * one by one, then the workers in batches, each when the ones before are gone.
 *
 * Hosts that do not answer go first, before any node joins: etcd takes no new member while a voting member is silent. They wait
 * only until the proxies of the running nodes ask them no more; before an upgrade not even for that, because members of etcd are stopped
 * one by one then, and a silent one would cost the quorum. The others go last, when everything that is new has proved to
 * work, because until then they may be needed. The distribution's addons wait for them: no node that leaves has their new images, and
 * while kube-proxy is replaced on a node, that node goes on sending packets to pods that a drain has ended. `passing`: see
 * passThroughMinors().
 *
 * A member that is dead on a host that answers goes before all of that: see removeDeadMembers().
 *
 * Returns the tasks that are done when no node that leaves needs a firewall any more.
 */
export function removeNodes(
  on: Site,
  hosts: PreparedHosts,
  controlPlane: ControlPlane,
  nodes: readonly RunningNode[],
  passing: readonly Task[],
): readonly Task[] {
  const { facts, machines, spec } = on.inventory
  const leaving = on.inventory.leaving.filter(one => one.isNode)
  const silent = leaving.filter(one => one.facts === undefined)
  const answering = leaving.filter(one => one.facts !== undefined)
  const proxied = hosts.nodes.filter(({ machine }) => isRunningNode(machine.host, facts))
  const isUpgrade = machines.some(machine => serverGetsOtherVersion(spec, machine))
  const dead = removeDeadMembers(on, controlPlane, answering, passing)
  const early = removeInOrder(on, controlPlane, silent, {
    after: [controlPlane.first.joined, ...dead.values()],
    afterReached: isUpgrade ? [] : proxied.flatMap(({ prepared }) => prepared),
    dead,
  })
  for (const { machine, joined } of controlPlane.nodes) {
    if (machine !== on.first && !isRunningNode(machine.host, facts)) on.builder.holdBack(joined, early.members)
  }
  if (isUpgrade) {
    for (const task of [...passing, ...controlPlane.configured.values()]) on.builder.holdBack(task, early.members)
  }
  const late = removeInOrder(on, controlPlane, answering, {
    after: [controlPlane.first.joined, ...early.gone],
    afterReached: [...controlPlane.configured.values(), ...nodes.flatMap(({ up }) => up)],
    earlier: silent,
    dead,
  })
  for (const addon of controlPlane.addons) on.builder.holdBack(addon, late.gone)
  return [...early.gone, ...late.gone]
}

/**
 * Removes members of etcd that serve nobody, while their hosts answer. Such a host has other causes to go than a silent one: its disk is
 * full, or its data is broken. Its pods run, so its drain has time until those that take its place have joined; no API server works
 * with its member, so no proxy has to know. No other member is stopped before, and no control plane node joins.
 *
 * Returns for each node, by name: done when etcd does not have its member any more.
 */
function removeDeadMembers(
  { inventory, builder, first }: Site,
  { cluster, nodes, configured, first: { joined } }: ControlPlane,
  answering: readonly LeavingHost[],
  passing: readonly Task[],
): ReadonlyMap<string, Task> {
  const removed = new Map<string, Task>()
  for (const leaving of answering.filter(one => leavesEtcdFirst(one, inventory))) {
    const after = [joined, ...[...removed.values()].slice(-1)]
    const member = cluster.removeMember({ leaving, earlier: [...removed.keys()], after })
    if (member !== undefined) removed.set(leaving.name, member)
  }
  const tasks = [...removed.values()]
  const joining = nodes.filter(({ machine }) => machine !== first && !isRunningNode(machine.host, inventory.facts))
  for (const task of [...passing, ...configured.values(), ...joining.map(one => one.joined)])
    builder.holdBack(task, tasks)
  return removed
}

interface Removed {
  /** Done when etcd does not have the members any more. */
  readonly members: readonly Task[]
  /** Done when the cluster does not know the nodes any more. */
  readonly gone: readonly Task[]
}

function removeInOrder(
  on: Site,
  { cluster }: ControlPlane,
  leaving: readonly LeavingHost[],
  {
    earlier = [],
    dead,
    ...order
  }: Order & { readonly earlier?: readonly LeavingHost[]; readonly dead: ReadonlyMap<string, Task> },
): Removed {
  const members: Task[] = []
  const gone: Task[] = []
  let previous: readonly Task[] = []
  const before = [...dead.keys(), ...earlier.map(({ name }) => name)]
  for (const batch of batchesIn(on, leaving)) {
    const after = [...order.after, ...previous]
    previous = batch.map(one => {
      const removed = removeNode(on, cluster, one, {
        after,
        afterReached: order.afterReached,
        earlier: [...before],
        member: dead.get(one.name),
      })
      if (removed.member !== undefined) members.push(removed.member)
      gone.push(removed.gone)
      if (one.isControlPlane) before.push(one.name)
      return removed.gone
    })
  }
  return { members, gone }
}

function batchesIn({ inventory }: Site, leaving: readonly LeavingHost[]): readonly (readonly LeavingHost[])[] {
  const { spec } = inventory
  const byName = new Map(leaving.map(one => [one.name, one]))
  const labels = new Map(spec.leaving.map(host => [host.name, host.labels]))
  const workers = leaving
    .filter(one => !one.isControlPlane)
    .map(({ name }) => ({ name, labels: labels.get(name) ?? {} }))
  const staying = spec.hosts.filter(host => isNode(host) && !isControlPlane(host))
  const batches = [
    ...leaving.filter(one => one.isControlPlane).map(({ name }) => [name]),
    ...workerBatches(spec.rollout, workers, [...staying, ...workers]),
  ]
  return batches.map(batch => batch.map(name => byName.get(name)!))
}

function removeNode(
  on: Site,
  cluster: ControlPlane['cluster'],
  leaving: LeavingHost,
  { member: dead, ...order }: Order & { readonly earlier: readonly string[]; readonly member: Task | undefined },
): { readonly member: Task | undefined; readonly gone: Task } {
  const { name, facts } = leaving
  const { rollout } = on.inventory.spec
  const { api, byHand } = on.distribution
  const node = { api, node: name }
  const { drained } = on.declare(nodeDrain, on.first.name, { ...node, drain: rollout.drain, ...order })
  const member =
    leaving.isControlPlane && dead === undefined
      ? cluster.removeMember({ leaving, earlier: order.earlier, after: [drained] })
      : undefined
  const why = leaving.isInFile ? 'the host does not answer' : 'the file does not have its host'
  const note = facts === undefined ? { note: `${why}, so what is on it stays; on the host: ${byHand.reset}` } : {}
  const { gone } = on.declare(nodeRemoval, on.first.name, {
    ...node,
    ...note,
    after: [drained, ...list(dead ?? member)],
  })
  if (facts !== undefined) clean(on, leaving, cluster.reset({ leaving, after: [gone] }))
  return { member, gone }
}

// Otherwise the pods of the next node there would start with addresses of this one.
function clean({ inventory, builder }: Site, { name }: LeavingHost, reset: Task): void {
  if (inventory.spec.network.cni !== 'flannel') return
  const scope = builder.scope(name, 'former-network')
  for (const path of flannelsOwnFiles) scope.add(absent({ path }), { after: [reset] })
}

function list<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one]
}
