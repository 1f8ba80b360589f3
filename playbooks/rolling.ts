import { etcdInstallation } from '../roles/etcd/index.ts'
import { etcdClient } from '../roles/etcd-client/index.ts'
import { etcdHost } from '../roles/etcd-host/index.ts'
import { firewall, firewallClosing } from '../roles/firewall/index.ts'
import { formerControlPlane } from '../roles/former-static-pods/index.ts'
import { haproxy } from '../roles/haproxy/index.ts'
import { passMinor } from '../roles/minor-on-the-way/index.ts'
import { nginxProxy } from '../roles/nginx-proxy/index.ts'
import { os } from '../roles/os/index.ts'
import {
  type Batches,
  barrier,
  type ClusterSpec,
  type DistributionProfile,
  firstControlPlaneHost,
  type Graph,
  type GraphBuilder,
  GraphError,
  type HostFacts,
  type HostSpec,
  isControlPlane,
  isEtcdHost,
  oneByOne,
  type Plan,
  rolling,
  type Task,
  workerBatches,
} from '../src/index.ts'
import { askUser } from './ask-user.ts'
import { canGoOneByOne, hasMemberRunning, isRunningNode, isStandingMember } from './standing.ts'

/** Roles that can take a running node out of the cluster when they write or restart. The distribution has more of them. */
const rolled = [haproxy, nginxProxy, os].map(({ name }) => name)

/**
 * Roles that also change one host after the other, by other rules: see rollFirewalls(), rollEtcdClients(),
 * declareEtcd(), putBackFirst() and passThroughMinors().
 */
const rolledElsewhere = [
  etcdClient,
  etcdHost,
  etcdInstallation,
  firewall,
  firewallClosing,
  formerControlPlane,
  passMinor,
].map(({ name }) => name)

/**
 * The nodes that run already, in the batches in which they change. Control plane nodes come first, one by one; those whose
 * member of etcd is down change with the first one. They all change at once if etcd can have no quorum before several of
 * its members run again. Workers follow, group after group, again one of them first, because some settings exist only on workers. Hosts that
 * are no nodes yet, or did not answer, are in no batch.
 */
export function runningBatches(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): Batches {
  return hostsInBatches(spec, facts, [])
}

/**
 * The batches of runningBatches(), and before the workers those members of etcd that are no nodes, one by one: members that
 * are down come first, then the one that signs.
 */
export function hostBatches(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): Batches {
  const signs = ({ name }: HostSpec) => facts.get(name)?.etcd.ca === true
  const members = spec.hosts
    .filter(host => isStandingMember(host, facts) && !isRunningNode(host, facts))
    .sort((one, other) => Number(signs(other)) - Number(signs(one)))
    .sort((one, other) => Number(hasMemberRunning(one, facts)) - Number(hasMemberRunning(other, facts)))
  const oneByOne = members.map(({ name }) => [name])
  return hostsInBatches(spec, facts, oneByOne)
}

function hostsInBatches(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>, beforeWorkers: Batches): Batches {
  const first = firstControlPlaneHost(spec, facts)
  const running = [first, ...spec.hosts.filter(host => host !== first)].filter(host => isRunningNode(host, facts))
  const controlPlane = running.filter(isControlPlane).map(({ name }) => name)
  const workers = running.filter(host => !isControlPlane(host))
  // If etcd has hosts of its own, a control plane node works even while the other ones do not.
  const isApart = spec.etcd.topology !== 'stacked'
  return [
    ...(isApart ? controlPlane.map(name => [name]) : controlPlaneBatches(spec, facts, controlPlane)),
    ...beforeWorkers,
    ...workerBatches(spec.rollout, workers),
  ]
}

// Nodes whose member of the stacked etcd is down change with the first node. They have nothing to lose, and the first node
// may need them for a quorum, because a host that does not answer may be down, too.
function controlPlaneBatches(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
  names: readonly string[],
): Batches {
  if (names.length === 0) return []
  if (!canGoOneByOne(spec, facts)) return [names]
  const runs = new Set(spec.hosts.filter(host => hasMemberRunning(host, facts)).map(({ name }) => name))
  const [first, ...others] = names
  const begin = names.filter(name => name === first || !runs.has(name))
  return [begin, ...others.filter(name => runs.has(name)).map(name => [name])]
}

/** The hosts of a cluster, and the one on which the barriers between batches run. */
export interface RunningHosts {
  readonly spec: ClusterSpec
  readonly facts: ReadonlyMap<string, HostFacts>
  /** The host that runs the barriers. */
  readonly host: string
}

/** The tasks that prove that a running node works with its changes. */
export interface Rolling extends RunningHosts {
  readonly distribution: Pick<DistributionProfile, 'rolled'>
  /** For each node, by name, the task that is done when the node is Ready. */
  readonly ready: ReadonlyMap<string, Task>
  /** For each node, by name: done when its kubelet runs. */
  readonly kubelets: ReadonlyMap<string, Task>
  /** For each control plane node, by name: done when its static pods have their settings and serve the API. */
  readonly configured: ReadonlyMap<string, Task>
  /** For each node that is taken out of service meanwhile, by name: done when it is in service again. */
  readonly inService: ReadonlyMap<string, readonly Task[]>
  /** For each node, by name: the programs that may not be newer than its API server. */
  readonly last: ReadonlyMap<string, readonly Task[]>
}

/**
 * Makes each batch wait until the nodes of the batch before work with their changes. If one does not, no later batch gets
 * these changes. A node that is lost before anything was written to it proves nothing about the changes, so it delays no
 * other node, unless it has a member of etcd. Tasks that are in the desired state do not wait, nor do nodes that this run
 * creates. The system tasks of etcd hosts wait for etcd instead (see declareEtcd), because every control plane node waits
 * for etcd.
 *
 * Static pods change on one node at a time, even within a batch, because the API server of a node is down meanwhile. Nodes
 * that this run creates come last; after their join, nothing is left to write. If a node's member of etcd is down, its
 * static pods change after its kubelet, without which they cannot start. The first node is an exception: its kubelet waits
 * for the settings that this task uploads.
 */
export function rollRunningNodes(builder: GraphBuilder, rolling: Rolling): void {
  const { spec, distribution, facts, host, ready, kubelets, configured, last, inService } = rolling
  const members = new Set(spec.hosts.filter(isEtcdHost).map(({ name }) => name))
  const roles = new Set([...rolled, ...distribution.rolled.roles])
  const { kinds } = distribution.rolled
  const held = builder.tasks.filter(
    task =>
      kinds.includes(task.resource.kind) ||
      (roles.has(task.role) && !(task.role === os.name && members.has(task.host))),
  )
  const pods = (name: string) => [configured.get(name) ?? []].flat()
  const proofs = (name: string) => [taskOf(name, ready), ...pods(name)]
  const nodes = spec.hosts.filter(isControlPlane).map(({ name }) => name)
  const stacked = new Set(spec.etcd.topology === 'stacked' ? nodes : [])
  const isMember = (name: string) => stacked.has(name)
  const batches = runningBatches(spec, facts)
  const well = 'running nodes is well'
  const barriers = roll(builder, batches, {
    host,
    held,
    proofs,
    left: name => inService.get(name) ?? [],
    alone: pods,
    isMember,
    well,
  })
  askUser(builder, { spec, host, batches, barriers, changed: held })
  const running = new Set(batches.flat())
  const isDown = (one: HostSpec) => isMember(one.name) && !hasMemberRunning(one, facts)
  for (const { name } of spec.hosts.filter(one => one.name !== host && running.has(one.name) && isDown(one))) {
    for (const task of pods(name)) builder.holdBack(task, [taskOf(name, kubelets)])
  }
  // A kubelet is replaced after the static pods of its node, since it may not be newer than the API server that it asks.
  for (const { name } of spec.hosts.filter(one => running.has(one.name) && (one.name === host || !isDown(one)))) {
    for (const task of last.get(name) ?? []) builder.holdBack(task, pods(name))
  }
  const others = [...configured.keys()].filter(name => !running.has(name))
  oneByOne(builder, [[...running].flatMap(pods), ...others.map(pods)])
}

// Without it, nothing would prove that the node works with its changes.
function taskOf(node: string, tasks: ReadonlyMap<string, Task>): Task {
  const task = tasks.get(node)
  if (task === undefined) throw new GraphError(`The running node ${node} has no task that proves that it works`)
  return task
}

/**
 * Rolls firewalls by batches, too. A batch waits only until the rules of the batch before are in effect: nodes may not
 * become Ready before all of them let each other in, and a node that joins needs only the rules of the control plane.
 */
export function rollFirewalls(builder: GraphBuilder, { spec, facts, host }: RunningHosts): void {
  const well = 'running hosts has its firewall'
  const batches = hostBatches(spec, facts)
  rollRole(builder, batches, { host, role: firewall.name, well })
  rollRole(builder, batches, { host, role: firewallClosing.name, well: 'running hosts works with less open' })
}

/**
 * Rolls the certificates of API servers for an external etcd from node to node, too. A node gets its own after etcd has
 * answered the node before.
 */
export function rollEtcdClients(builder: GraphBuilder, { spec, facts, host }: RunningHosts): void {
  const well = 'running nodes is let in by etcd'
  rollRole(builder, runningBatches(spec, facts), { host, role: etcdClient.name, well })
}

// Rolls a role whose own tasks prove that a host works with the change.
function rollRole(
  builder: GraphBuilder,
  batches: Batches,
  { role, ...where }: { readonly role: string } & Pick<Roll, 'host' | 'well'>,
): void {
  const held = builder.tasks.filter(task => task.role === role)
  const byHost = Map.groupBy(held, task => task.host)
  roll(builder, batches, { ...where, held, proofs: name => byHost.get(name) ?? [] })
}

interface Roll {
  readonly host: string
  readonly held: readonly Task[]
  /** The tasks of a host that must be done before the next batch begins. */
  readonly proofs: (host: string) => readonly Task[]
  readonly well: string
  /** The tasks that take a host back into service; see Rolled. */
  readonly left?: (host: string) => readonly Task[]
  /** The tasks that run on one node at a time, even within a batch; see Rolled. */
  readonly alone?: (host: string) => readonly Task[]
  /** Whether a host has a member of etcd. If it is lost, the loss of the next one may cost the quorum. Default: none has. */
  readonly isMember?: (host: string) => boolean
}

function roll(
  builder: GraphBuilder,
  batches: Batches,
  { host, held, proofs, well, left, alone, isMember }: Roll,
): readonly Task[] {
  const byHost = Map.groupBy(held, task => task.host)
  if (byHost.size === 0) return []
  const scope = builder.scope(host, 'rolling')
  const barriers: Task[] = []
  rolling(builder, batches, {
    held: name => byHost.get(name) ?? [],
    proofs,
    ...(left === undefined ? {} : { left }),
    ...(alone === undefined ? {} : { alone }),
    ...(isMember === undefined ? {} : { isNeeded: isMember }),
    gate: (batch, order) => {
      const task = scope.add(barrier(`batch ${batch} of the ${well}`), order)
      barriers.push(task)
      return task
    },
  })
  return barriers
}

/** The tasks of a graph, and a plan with their verdicts. */
interface Judged {
  readonly graph: Pick<Graph, 'tasks'>
  readonly plan: Plan
}

/**
 * Tasks of a plan that would write on running nodes or members of etcd and could take one of them out. `batches`: see
 * hostBatches().
 */
export function changesOfRunningHosts(
  { rolled: own }: Pick<DistributionProfile, 'rolled'>,
  batches: Batches,
  { graph, plan }: Judged,
): readonly Task[] {
  const roles = new Set([...rolled, ...rolledElsewhere, ...own.roles])
  const running = new Set(batches.flat())
  const changing = [...plan.verdicts].flatMap(([id, { is }]) =>
    is === 'in desired state' ? [] : (graph.tasks.get(id) ?? []),
  )
  return changing.filter(
    task => running.has(task.host) && (roles.has(task.role) || own.kinds.includes(task.resource.kind)),
  )
}

/** The running hosts that a plan would change, in batches. `batches`: see hostBatches(). */
export function changingBatches(
  distribution: Pick<DistributionProfile, 'rolled'>,
  batches: Batches,
  judged: Judged,
): Batches {
  const changing = new Set(changesOfRunningHosts(distribution, batches, judged).map(({ host }) => host))
  return batches.map(batch => batch.filter(name => changing.has(name))).filter(({ length }) => length > 0)
}
