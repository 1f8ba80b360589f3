import { distributionOf } from '../../../distributions/index.ts'
import { changesOfRunningHosts, changingBatches, hostBatches } from '../../../playbooks/rolling.ts'
import {
  type Inventory,
  inventoryOf,
  isControlPlane,
  isEtcdHost,
  isNode,
  networkLeftOut,
  type StrayNode,
} from '../../cluster/index.ts'
import type { HostSpec } from '../../config/index.ts'
import {
  type AppliedRecord,
  type Batches,
  exitCodes,
  type FactModule,
  type Graph,
  HostError,
  UserErrors,
} from '../../core/index.ts'
import {
  describeHolder,
  type Evaluation,
  evaluate,
  type GatheredFacts,
  gatherFacts,
  journalFolder,
  judgeWith,
  lostWhileWritten,
  type Run,
  type SeenLock,
  seenLock,
} from '../../engine/index.ts'
import { type AskedFacts, endpointFacts, type HostFacts, hostFacts, kubeletNameServerFacts } from '../../facts/index.ts'
import {
  expiryNotes,
  ignoredFindings,
  otherPodNetworks,
  replacementNotes,
  resolvConfOf,
  rotationNote,
  takenOver,
} from '../../preflight/index.ts'
import type { UpgradeReport } from '../../report/index.ts'
import { chosenPart } from './chosen-part.ts'
import type { ClusterRun } from './cluster-run.ts'
import { type FitHosts, refuseSecondCluster, refusingWorkers, setUnfitAside } from './fit-hosts.ts'
import { refuseAfterLoss } from './lost-nodes.ts'
import { allNodes, otherNodes, otherNodesNote } from './other-nodes.ts'
import { strayNodes } from './stray-nodes.ts'
import { upgradeReport } from './upgrade-report.ts'

/** The current state of all hosts compared with the cluster file, and whether another run is at work. */
export interface ClusterEvaluation {
  readonly evaluation: Evaluation
  /** The hosts that the plan is about: those of the file, but for hosts that leave and did not answer. */
  readonly hosts: readonly HostSpec[]
  /** The running hosts that would change, batch after batch. */
  readonly batches: Batches
  /** What has to be known before the upgrade that the plan has; undefined: it has none. */
  readonly upgrade?: UpgradeReport
  /** The hosts that keep the lock of the cluster. */
  readonly voters: readonly string[]
  /** The hosts that may keep the lock of a run with the file from before, and that answered. */
  readonly witnesses: readonly string[]
  /** The state of the lock on the hosts when they were read. */
  readonly seen: SeenLock
  /** The graph of the whole file; the evaluation may have only a part of it. */
  readonly whole: Graph
  /** What each host has on record of the last apply, for hosts that answered. */
  readonly records: ReadonlyMap<string, AppliedRecord | undefined>
  /** Another run that holds the lock and is alive, as a text for people. */
  readonly lockedBy?: string
}

/**
 * Reads all hosts and evaluates the graph of the operation, for plan and apply alike. Hosts that fail are left out and
 * named in the evaluation. So are hosts that preflight finds unfit, and workers with a task that refuses its desired
 * state. Throws if no control plane node answers, or the host that is to be the first one does not: without it nothing
 * can be planned. `silent` are hosts that are not asked again, because they did not answer a moment ago.
 */
export async function evaluateCluster(
  cluster: ClusterRun,
  silent: ReadonlyMap<string, HostError> = new Map(),
): Promise<ClusterEvaluation> {
  const { spec, run } = cluster
  const leaving = new Set([
    ...spec.leaving.flatMap(({ name }) => (cluster.needed.has(name) ? [] : [name])),
    ...cluster.gone,
  ])
  const hosts = [...spec.hosts, ...spec.leaving].map(({ name }) => name).filter(host => !silent.has(host))
  const nodes = new Set(spec.hosts.filter(isNode).map(({ name }) => name))
  const { endpoint } = spec.controlPlane
  const distribution = distributionOf(spec)
  const resolvConf = resolvConfOf(spec)
  const askedOfNodes: readonly FactModule<Partial<AskedFacts>>[] = [
    ...(resolvConf === undefined ? [] : [kubeletNameServerFacts(resolvConf)]),
    ...(endpoint === undefined ? [] : [endpointFacts(endpoint, distribution.api.ca)]),
  ]
  const askedOf = (host: string) => (nodes.has(host) ? askedOfNodes : [])
  // A host that leaves may be gone for good, as well: that is no failure, and no other host waits for it.
  const emit: Run['emit'] = event => {
    if (event.type !== 'host:failed' || !leaving.has(event.host)) run.emit(event)
  }
  const read = await gatherFacts(hosts, { ...run, emit }, { modules: hostFacts(distribution.facts), askedOf })
  const known = { facts: read.facts, failed: new Map([...silent, ...read.failed]) }
  const all = await withStrays(cluster, await evaluateHosts(cluster, known))
  const { inventory, unfit, failed: allFailed } = all
  const evaluated = chosenPart(cluster, all.evaluated)
  const failed = new Map([...allFailed].filter(([host]) => !leaving.has(host)))
  const { facts } = inventory
  for (const [host, { details }] of unfit) run.emit({ type: 'host:failed', host, error: details })
  for (const { check, host, error } of ignoredFindings(inventory)) {
    const { problem, actual } = error.details
    const text = `${problem}${actual === undefined ? '' : ` (${actual.replaceAll('\n', ', ')})`} Ignored: spec.preflight.ignore has ${check}.`
    run.emit({ type: 'note', host, text })
  }
  for (const note of [...takenOver(inventory), ...otherPodNetworks(inventory)]) run.emit({ type: 'note', ...note })
  const staying = [...facts].filter(([host]) => !leaving.has(host))
  const certificates = new Map(staying.map(([host, known]) => [host, known.certificates]))
  for (const { hosts: on, text } of expiryNotes(inventory, certificates, Date.now()))
    for (const host of on) run.emit({ type: 'note', host, text })
  const servers = new Set(spec.hosts.filter(isControlPlane).map(({ name }) => name))
  const rotation = rotationNote(new Map([...facts].filter(([host]) => servers.has(host))), spec.file)
  for (const { hosts: on, text } of rotation === undefined ? replacementNotes(certificates) : [rotation])
    for (const host of on) run.emit({ type: 'note', host, text })
  const leftOut = networkLeftOut(inventory)
  if (leftOut !== undefined) run.emit({ type: 'note', ...leftOut })
  const others = otherNodesNote(otherNodes(evaluated, { hosts: [...spec.hosts, ...inventory.leaving] }), {
    file: spec.file,
    reset: distribution.byHand.reset,
  })
  if (others !== undefined) run.emit({ type: 'note', text: others })
  const nodesNow = allNodes(evaluated)
  const members = new Set(spec.hosts.filter(isEtcdHost).map(({ name }) => name))
  const lost = lostWhileWritten({
    cluster: spec.name,
    // If the API server does not answer, any silent host may be a node.
    hosts: [...failed.keys(), ...evaluated.unreachable.keys()].filter(
      host => nodesNow === undefined || nodesNow.includes(host) || members.has(host),
    ),
    folders: [journalFolder('apply'), journalFolder('plan')],
    except: cluster.id,
  })
  const batches = hostBatches(spec, facts)
  const judged = refuseAfterLoss(evaluated, lost, changesOfRunningHosts(distribution, batches, evaluated), spec.file)
  const { voters, witnesses } = cluster
  const { holder, ...seen } = seenLock(read.locks, voters, witnesses)
  const upgrade = upgradeReport(inventory, evaluated, Date.now())
  return {
    ...(upgrade === undefined ? {} : { upgrade }),
    hosts: [...spec.hosts, ...spec.leaving].filter(({ name }) => facts.has(name) || !leaving.has(name)),
    voters,
    witnesses: witnesses.filter(name => read.facts.has(name)),
    whole: all.evaluated.graph,
    records: new Map([...read.facts].map(([host, { applied }]) => [host, applied])),
    seen,
    batches: changingBatches(distribution, batches, evaluated),
    evaluation: { ...judged, unreachable: new Map([...failed, ...unfit, ...evaluated.unreachable]) },
    ...(holder === undefined ? {} : { lockedBy: describeHolder(holder) }),
  }
}

interface EvaluatedHosts extends Pick<FitHosts, 'unfit'> {
  readonly evaluated: Evaluation
  /** Covers only the hosts that can be, or become, part of the cluster. */
  readonly inventory: Inventory
  /** The hosts that could not be read. */
  readonly failed: ReadonlyMap<string, HostError>
}

/**
 * Evaluates the graph of the hosts that answered. The node through which the cluster is managed may answer for its facts
 * and then fall silent. Then the graph is built again without it, and the next control plane node takes its place. The
 * graph is also built again without workers that have a task that refuses its desired state: each of them fails alone.
 */
async function evaluateHosts(
  cluster: ClusterRun,
  { facts: read, failed }: Pick<GatheredFacts<HostFacts>, 'facts' | 'failed'>,
): Promise<EvaluatedHosts> {
  const { spec, secrets, operation, run } = cluster
  const all = inventoryOf(spec, distributionOf(spec), read, secrets)
  const first = all.firstHost.name
  throwIfStopped(run.stop, first)
  const firstFailed = failed.get(first)
  if (firstFailed !== undefined) {
    const others = [...failed.values()].filter(error => error !== firstFailed)
    throw others.length === 0 ? firstFailed : new UserErrors([firstFailed, ...others])
  }
  refuseSecondCluster(all, failed)
  const { fit, unfit } = setUnfitAside(all, failed)
  const inventory = inventoryOf(spec, all.distribution, fit, secrets)
  const evaluated = await evaluate(operation(inventory), run)
  throwIfStopped(run.stop, first)
  const { unreachable } = evaluated
  if (unreachable.has(inventory.firstHost.name)) {
    return evaluateHosts(cluster, { facts: without(read, unreachable), failed: new Map([...failed, ...unreachable]) })
  }
  return withoutRefusing(cluster, { evaluated, inventory, unfit, failed })
}

// Which nodes the cluster has besides is known only when it has been read, so it is read again with their removal.
async function withStrays(cluster: ClusterRun, all: EvaluatedHosts): Promise<EvaluatedHosts> {
  const { spec, secrets, operation, prune, run } = cluster
  if (prune === undefined) return all
  const strays = strayNodes(all.evaluated, spec, prune)
  if (strays.length === 0) return all
  const { facts, distribution } = all.inventory
  const inventory = inventoryOf(spec, distribution, facts, secrets, strays)
  const evaluated = await evaluate(operation(inventory), run)
  return withoutRefusing(cluster, { ...all, evaluated, inventory }, strays)
}

// A worker that refuses must not cause a second reading of the others: the graph without it uses the snapshots already read.
function withoutRefusing(
  { spec, secrets, operation, run }: ClusterRun,
  all: EvaluatedHosts,
  strays: readonly StrayNode[] = [],
): EvaluatedHosts {
  let current = all
  for (;;) {
    const refusing = refusingWorkers(spec, current.evaluated)
    if (refusing.size === 0) return current
    const inventory = inventoryOf(
      spec,
      current.inventory.distribution,
      without(current.inventory.facts, refusing),
      secrets,
      strays,
    )
    const evaluated = judgeWith(operation(inventory), current.evaluated, run)
    // Leaving the worker out would change what must be read on other hosts. So it stays in the plan, and its refusal stops the run.
    if (evaluated === undefined) return current
    current = { ...current, evaluated, inventory, unfit: new Map([...current.unfit, ...refusing]) }
  }
}

function without<T>(all: ReadonlyMap<string, T>, others: ReadonlyMap<string, unknown>): ReadonlyMap<string, T> {
  return new Map([...all].filter(([host]) => !others.has(host)))
}

function throwIfStopped(stop: AbortSignal, host: string): void {
  if (!stop.aborted) return
  throw new HostError(host, 'cancelled', {
    problem: 'Stopped while the hosts were being read. Nothing was written.',
  })
}

/** The exit code for the hosts that are left out: unfit, or unreachable. */
export function exitCodeOf(
  evaluation: Evaluation,
): typeof exitCodes.ok | typeof exitCodes.failed | typeof exitCodes.unreachable {
  const unfit = [...evaluation.unreachable.values()].some(({ kind }) => kind === 'unfit')
  if (evaluation.errors.size > 0 || unfit) return exitCodes.failed
  return evaluation.unreachable.size > 0 ? exitCodes.unreachable : exitCodes.ok
}
