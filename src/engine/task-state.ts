import type { ErrorDetails } from '../core/error-details.ts'
import type { HostError } from '../core/errors.ts'
import { dependantsOf, dependenciesOf, outputsIn } from '../core/graph.ts'
import type { Change } from '../core/resource.ts'
import type { Graph, Task } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TaskResult } from '../core/verdict.ts'
import type { Evaluation } from './evaluate.ts'
import type { Desired } from './judge.ts'
import type { Snapshot } from './snapshot.ts'

/** How one task ended. */
export interface TaskEnd {
  readonly result: TaskResult
  /** Duration on the host, ms; 0 when nothing ran. */
  readonly ms: number
  readonly change?: Change
  readonly error?: ErrorDetails
  /** For `skipped`: the failed task that is the cause. */
  readonly because?: TaskId
}

/** The progress of one task during apply. */
export interface TaskState {
  readonly task: Task
  /** Position in graph order. */
  readonly position: number
  readonly host: HostState
  /** The short-lived values that its converge needs. */
  readonly ephemerals: readonly TaskId[]
  readonly dependencies: TaskState[]
  readonly dependants: TaskState[]
  /** The dependencies that only hold back its writes. */
  readonly holders: Set<TaskState>
  /** The dependencies whose failure does not count if their host was lost before anything was written to it. */
  readonly spared: Set<TaskState>
  /** The holders that enter a bracket around it. */
  readonly entries: Set<TaskState>
  /** For a task that enters a bracket: the tasks inside that have not ended yet. */
  readonly inside: Set<TaskState>
  /** Whether one of these was about to be written. */
  isWanted: boolean
  /** The dependencies after which it runs whether or not they failed. */
  readonly leaves: Set<TaskState>
  /** How many dependencies, without holders, have not ended yet; one more for an entering task that is not wanted yet. */
  waitingFor: number
  /** How many holders have not ended yet. */
  heldBy: number
  /** The failed task because of which it may write nothing. */
  heldBack: TaskId | undefined
  /** `running`: its steps are on their way, and the host has not told their outcome yet. */
  stage: 'waiting' | 'ready' | 'running' | 'done'
  snapshot: Snapshot | undefined
  /** The host's exchange that the snapshot came with; 0 for the evaluation. */
  snapshotAt: number
  /** The first exchange of the host whose snapshot shows what its holders have written. */
  readFrom: number
  /** An ancestor has converged since the evaluation. */
  ancestorConverged: boolean
  /** Whether it was in desired state when last looked at: the best guess for what to probe ahead. */
  seemsDone: boolean
  /** How many exchanges with its steps (or, without steps, its probe) were lost. */
  losses: number
  /** What it wanted when it was last settled, without ephemeral values; undefined before that. */
  wanted: Desired | undefined
  /** A change whose steps were sent and whose outcome was lost. */
  lostChange: Change | undefined
  end: TaskEnd | undefined
}

/** The progress of one host during apply. */
export interface HostState {
  readonly name: string
  /** In graph order. */
  readonly tasks: TaskState[]
  /** How many tasks of other hosts wait for its tasks. When slots are short, hosts with a higher number go first. */
  priority: number
  /** Work for it waits in its lane or runs. */
  busy: boolean
  /** How many exchanges it has had in this apply. */
  exchanges: number
  /** Number of the last exchange that wrote something; 0 for none. */
  convergedAt: number
  /** Set once the host is given up. */
  failed: HostError | undefined
}

/** True while nothing can have changed what the snapshot says. */
export function isFresh(state: TaskState): boolean {
  if (state.snapshot === undefined) return false
  // Later snapshots are taken only when all ancestors on other hosts are done, except holders, for which there is `readFrom`.
  // So only writes on its own host can make them stale.
  if (state.snapshotAt > 0) return state.snapshotAt >= Math.max(state.host.convergedAt, state.readFrom)
  return state.host.convergedAt === 0 && !state.ancestorConverged
}

/** The starting point of apply: everything as the evaluation found it. */
export function createStates(evaluation: Evaluation): {
  readonly tasks: ReadonlyMap<TaskId, TaskState>
  readonly hosts: ReadonlyMap<string, HostState>
} {
  const { graph, plan, snapshots, unreachable } = evaluation
  const tasks = new Map<TaskId, TaskState>()
  const hosts = new Map<string, HostState>()
  for (const task of graph.tasks.values()) {
    let host = hosts.get(task.host)
    if (host === undefined) {
      const failed = unreachable.get(task.host)
      host = { name: task.host, tasks: [], priority: 0, busy: false, exchanges: 0, convergedAt: 0, failed }
      hosts.set(task.host, host)
    }
    const state: TaskState = {
      task,
      position: tasks.size,
      host,
      ephemerals: ephemeralsOf(task, graph),
      dependencies: [],
      dependants: [],
      holders: new Set(),
      spared: new Set(),
      entries: new Set(),
      inside: new Set(),
      isWanted: false,
      leaves: new Set(),
      waitingFor: 0,
      heldBy: 0,
      heldBack: undefined,
      stage: 'waiting',
      snapshot: snapshots.get(task.id),
      snapshotAt: 0,
      readFrom: 0,
      ancestorConverged: false,
      seemsDone: plan.verdicts.get(task.id)?.is === 'in desired state',
      losses: 0,
      wanted: undefined,
      lostChange: undefined,
      end: undefined,
    }
    host.tasks.push(state)
    tasks.set(task.id, state)
  }
  for (const { from, to, hold, spare, enter, leave } of graph.edges) {
    const before = tasks.get(from)!
    const after = tasks.get(to)!
    if (hold) after.holders.add(before)
    if (spare) after.spared.add(before)
    if (leave) after.leaves.add(before)
    if (!enter) continue
    after.entries.add(before)
    before.inside.add(after)
  }
  const before = dependenciesOf(graph)
  const after = dependantsOf(graph)
  for (const [id, state] of tasks) {
    state.dependencies.push(...before.get(id)!.map(one => tasks.get(one)!))
    state.dependants.push(...after.get(id)!.map(one => tasks.get(one)!))
    state.heldBy = state.holders.size
    state.waitingFor = state.dependencies.length - state.heldBy + (state.task.enters ? 1 : 0)
    if (state.waitingFor === 0) state.stage = 'ready'
    state.host.priority += state.dependants.filter(one => one.host !== state.host).length
  }
  return { tasks, hosts }
}

function ephemeralsOf(task: Task, graph: Graph): readonly TaskId[] {
  const from = outputsIn(task).flatMap(output => output.from)
  return [...new Set(from)].filter(id => graph.ephemerals.has(id))
}
