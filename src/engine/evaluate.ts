import type { ErrorDetails } from '../core/error-details.ts'
import type { HostError } from '../core/errors.ts'
import { judgingOrder } from '../core/graph.ts'
import type { Lookup } from '../core/output.ts'
import { ownValue } from '../core/own-value.ts'
import type { Graph, Task } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import type { Plan, Verdict } from '../core/verdict.ts'
import { attendedBy } from './company.ts'
import { connect, exchange } from './exchange.ts'
import { forEachHost } from './hosts.ts'
import { type Desired, judge, judgeEnter, resolveDesired, type Watched } from './judge.ts'
import type { Run } from './run.ts'
import { collectProbes, type Snapshot } from './snapshot.ts'

/** The current state of the hosts, compared with the desired state. */
export interface Evaluation {
  readonly graph: Graph
  /** A verdict for every task that could be judged, in graph order. */
  readonly plan: Plan
  /** One entry for every task of a host that answered. */
  readonly snapshots: ReadonlyMap<TaskId, Snapshot>
  /** Why a task has no verdict although its host answered. */
  readonly errors: ReadonlyMap<TaskId, ErrorDetails>
  /** The tasks whose error is that evcctl cannot make their change. apply writes nothing as long as there are any. */
  readonly refused: ReadonlySet<TaskId>
  /** The hosts that could not be read; their tasks have no verdict. */
  readonly unreachable: ReadonlyMap<string, HostError>
}

/** Reads every host of the graph in one exchange and judges every task. Writes nothing. A failed host is a result. */
export async function evaluate(graph: Graph, run: Run): Promise<Evaluation> {
  const { read, failed } = await forEachHost(groupByHost(graph).entries(), run, async (host, tasks, attendance) => {
    const asked = collectProbes(tasks)
    const session = await connect(run, host)
    const reply = await exchange(run, session, { jobs: [], probes: asked.probes }, attendedBy(attendance, run))
    await attendance.answered()
    return asked.read(reply.results)
  })
  const snapshots = new Map<TaskId, Snapshot>()
  for (const found of read.values()) for (const [task, snapshot] of found) snapshots.set(task.id, snapshot)
  return announced({ graph, snapshots, ...judgeAll(graph, snapshots), unreachable: failed }, run)
}

function announced(evaluation: Evaluation, run: Run): Evaluation {
  const is = [...evaluation.plan.verdicts.values()].map(verdict => verdict.is)
  run.emit({
    type: 'plan:ready',
    toChange: is.filter(one => one === 'change').length,
    unknown: is.filter(one => one === 'known after apply').length,
    inDesiredState: is.filter(one => one === 'in desired state').length,
    stages: stagesOf(evaluation),
  })
  return evaluation
}

/**
 * Judges another graph, e.g. one without a host, by the snapshots of an earlier evaluation. Returns undefined if the graph has
 * a task that the earlier graph did not have, or had with another probe.
 */
export function judgeWith(
  graph: Graph,
  { graph: former, snapshots, unreachable }: Evaluation,
  run: Run,
): Evaluation | undefined {
  for (const { id, resource } of graph.tasks.values())
    if (former.tasks.get(id)?.resource.probe.script !== resource.probe.script) return undefined
  return announced({ graph, snapshots: of(graph, snapshots), ...judgeAll(graph, snapshots), unreachable }, run)
}

function of(graph: Graph, snapshots: ReadonlyMap<TaskId, Snapshot>): ReadonlyMap<TaskId, Snapshot> {
  return new Map([...snapshots].filter(([id]) => graph.tasks.has(id)))
}

/** The verdicts that follow from snapshots: pure, in graph order. */
export function judgeAll(
  graph: Graph,
  snapshots: ReadonlyMap<TaskId, Snapshot>,
): Pick<Evaluation, 'plan' | 'errors' | 'refused'> {
  const verdicts = new Map<TaskId, Verdict>()
  const refused = new Set<TaskId>()
  const errors = new Map<TaskId, ErrorDetails>()
  const lookup = lookupIn(graph, snapshots, verdicts)
  const watches = new Map<TaskId, TaskId[]>()
  const insides = new Map<TaskId, TaskId[]>()
  const append = (map: Map<TaskId, TaskId[]>, key: TaskId, id: TaskId) => {
    const ids = map.get(key)
    if (ids === undefined) map.set(key, [id])
    else ids.push(id)
  }
  for (const { from, to, watch, enter } of graph.edges) {
    if (watch) append(watches, to, from)
    if (enter) append(insides, from, to)
  }
  for (const id of judgingOrder(graph)) {
    const task = graph.tasks.get(id)!
    const snapshot = snapshots.get(task.id)
    if (snapshot === undefined) continue
    const watched = watchedOf(watches.get(task.id) ?? [], verdicts)
    const judgeItself = () =>
      'error' in snapshot ? snapshot : judge(task, snapshot.current, lookup, watched, id => graph.ephemerals.has(id))
    const judgement = task.enters ? judgeEnter(watchedOf(insides.get(id) ?? [], verdicts), judgeItself) : judgeItself()
    if ('verdict' in judgement) verdicts.set(task.id, judgement.verdict)
    else {
      errors.set(task.id, judgement.error)
      if ('refused' in judgement) refused.add(task.id)
    }
  }
  const inOrder = [...graph.tasks.keys()].flatMap(id => {
    const verdict = verdicts.get(id)
    return verdict === undefined ? [] : [[id, verdict] as const]
  })
  return { plan: { verdicts: new Map(inOrder) }, errors, refused }
}

// The value that a task gives to others, as far as it is known before apply.
function lookupIn(
  graph: Graph,
  snapshots: ReadonlyMap<TaskId, Snapshot>,
  verdicts: ReadonlyMap<TaskId, Verdict>,
): Lookup {
  return id => {
    const task = graph.tasks.get(id)
    const unknown = { unknown: true, from: id } as const
    if (task === undefined) return unknown
    if (task.resource.output === undefined) return { value: undefined }
    const snapshot = snapshots.get(id)
    if (verdicts.get(id)?.is !== 'in desired state' || snapshot === undefined || 'error' in snapshot) return unknown
    const value: unknown = task.resource.output(snapshot.current)
    return value === undefined ? unknown : { value }
  }
}

/**
 * What a task wants by an evaluation: values of pending tasks are Unknown. Undefined where that cannot be said, because a function
 * that makes a value of others fails.
 */
export function desiredIn({ graph, plan, snapshots }: Evaluation, task: Task): Desired | undefined {
  try {
    return resolveDesired(task, lookupIn(graph, snapshots, plan.verdicts))
  } catch {
    return undefined
  }
}

// Reports show a stage as done when so many of its tasks have ended, those included that turned out to need no change.
function stagesOf({ graph, plan }: Pick<Evaluation, 'graph' | 'plan'>) {
  const stages = new Map<string, Record<string, number>>()
  for (const [id, { is }] of plan.verdicts) {
    if (is === 'in desired state') continue
    const { role, host } = graph.tasks.get(id)!
    const hosts = stages.get(role) ?? {}
    hosts[host] = (ownValue(hosts, host) ?? 0) + 1
    stages.set(role, hosts)
  }
  return [...stages].map(([role, hosts]) => ({ role, hosts }))
}

function watchedOf(ids: readonly TaskId[], verdicts: ReadonlyMap<TaskId, Verdict>): Watched {
  return {
    changing: ids.filter(id => verdicts.get(id)?.is === 'change'),
    // A task without a verdict (its host did not answer) may change as well.
    undecided: ids.filter(id => !['change', 'in desired state'].includes(verdicts.get(id)?.is ?? '')),
  }
}

function groupByHost(graph: Graph): ReadonlyMap<string, readonly Task[]> {
  const groups = new Map<string, Task[]>()
  for (const task of graph.tasks.values()) {
    const group = groups.get(task.host)
    if (group === undefined) groups.set(task.host, [task])
    else group.push(task)
  }
  return groups
}
