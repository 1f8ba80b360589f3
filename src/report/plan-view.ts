import {
  type Batches,
  type Change,
  type ErrorDetails,
  type Graph,
  type HostError,
  isUnknown,
  type Plan,
  redact,
  Secret,
  shownDetails,
  type TaskId,
  titleOf as taskTitle,
  withoutCredentials,
} from '../core/index.ts'
import type { UpgradeReport } from './upgrade-report.ts'

/** The input of a plan view; an Evaluation of the engine has all of these fields. */
export interface PlanInput {
  readonly graph: Graph
  readonly plan: Plan
  /** Hosts that could not be read, and why. */
  readonly unreachable: ReadonlyMap<string, HostError>
  /** Tasks that were not judged although the host answered, and why. */
  readonly errors?: ReadonlyMap<TaskId, ErrorDetails>
  /** Of these tasks, those that were compared, and whose change evcctl cannot make. */
  readonly refused?: ReadonlySet<TaskId>
  /** Running hosts that change, batch after batch. Default: none does. */
  readonly batches?: Batches
  /** What has to be known before the upgrade that the plan has; undefined: it has none. */
  readonly upgrade?: UpgradeReport
}

/** One field that changes, as text; Secrets are shown by their label. */
export interface PlannedField {
  readonly field: string
  readonly before?: string
  readonly after?: string
  /** The task that produces the value; `after` is then absent. */
  readonly knownAfter?: string
}

/** One task that changes, or may change. */
export interface PlannedChange {
  readonly task: TaskId
  readonly host: string
  readonly role: string
  /** The thing that changes, in a few words, e.g. `kubeadm init`, `/etc/containerd/config.toml`. */
  readonly title: string
  readonly action: Change['action']
  /** False when pending values decide whether there is a change at all. */
  readonly certain: boolean
  readonly note?: string
  readonly fields: readonly PlannedField[]
  /** The pending changes that cause this change. */
  readonly because: readonly string[]
  /** The pending tasks that decide whether there is a change at all; empty when the change is certain. */
  readonly waitingOn: readonly string[]
}

/** How many tasks create, change, restart and so on. */
export interface PlanCounts {
  readonly create: number
  readonly update: number
  readonly delete: number
  readonly restart: number
  readonly run: number
  /** Tasks for which only the apply can tell whether they change. */
  readonly knownAfterApply: number
  readonly inDesiredState: number
}

/** A plan as plain data. Its text and its JSON are both made from this. */
export interface PlanView {
  readonly changes: readonly PlannedChange[]
  /**
   * Running hosts that must not change all at once. A batch changes after the hosts of the batch before work with their
   * changes.
   */
  readonly batches: Batches
  readonly counts: PlanCounts
  readonly unreachable: readonly { readonly host: string; readonly unfit: boolean; readonly error: ErrorDetails }[]
  /** Tasks that were not judged although their hosts answered: not compared, or with a change that evcctl cannot make. */
  readonly errors: readonly { readonly host: string; readonly title: string; readonly error: ErrorDetails }[]
}

/** Collects the content of a plan, in graph order. */
export function planView(input: PlanInput): PlanView {
  const { changes, counts } = changesOf(input)
  const unreachable = [...input.unreachable].map(([host, error]) => ({
    host,
    unfit: error.kind === 'unfit',
    error: shownDetails(error.details),
  }))
  const errors = [...(input.errors ?? [])].map(([id, error]) => ({
    host: input.graph.tasks.get(id)!.host,
    title: titleOf(id, input.graph),
    error: shownDetails(error),
  }))
  return { changes, batches: input.batches ?? [], counts, unreachable, errors }
}

interface Changes extends Pick<PlanView, 'changes' | 'counts'> {
  readonly graph: Graph
}

// Hiding the credentials in all texts is the slow part, and a plan is shown, saved and asked for changes. So it is done once a plan.
const known = new WeakMap<Plan, Changes>()

function changesOf({ plan, graph }: PlanInput): Changes {
  const before = known.get(plan)
  if (before?.graph === graph) return before
  const made = { ...collectChanges(plan, graph), graph }
  known.set(plan, made)
  return made
}

function collectChanges(plan: Plan, graph: Graph): Pick<PlanView, 'changes' | 'counts'> {
  const changes: PlannedChange[] = []
  const counts = { create: 0, update: 0, delete: 0, restart: 0, run: 0, knownAfterApply: 0, inDesiredState: 0 }
  for (const [id, verdict] of plan.verdicts) {
    if (verdict.is === 'in desired state') {
      counts.inDesiredState += 1
      continue
    }
    const task = graph.tasks.get(id)!
    const change = withoutCredentials(verdict.change)
    const certain = verdict.is === 'change'
    counts[certain ? change.action : 'knownAfterApply'] += 1
    changes.push({
      task: id,
      host: task.host,
      role: task.role,
      title: titleOf(id, graph),
      action: change.action,
      certain,
      ...(change.note === undefined ? {} : { note: redact(change.note) }),
      fields: change.fields.map(field => ({
        field: field.field,
        ...(field.before === undefined ? {} : { before: textOf(field.before) }),
        ...afterOf(field.after, graph, task.host),
      })),
      because: (change.because ?? []).map(cause => nameOf(cause, graph, task.host)),
      waitingOn: certain ? [] : verdict.waitingOn.map(cause => nameOf(cause, graph, task.host)),
    })
  }
  return { changes, counts }
}

/** True when an apply would write, or might write. */
export function hasChanges(view: PlanView): boolean {
  return view.changes.length > 0
}

function textOf(value: string | Secret): string {
  return value instanceof Secret ? String(value) : redact(value)
}

function afterOf(value: Change['fields'][number]['after'], graph: Graph, host: string): Partial<PlannedField> {
  if (value === undefined) return {}
  return isUnknown(value) ? { knownAfter: nameOf(value.from, graph, host) } : { after: textOf(value) }
}

// `cp1 kubeadm init`; the host is left out when it is the host of the change itself.
function nameOf(id: TaskId, graph: Graph, host: string): string {
  const from = graph.tasks.get(id)?.host ?? graph.ephemerals.get(id)?.host
  const title = titleOf(id, graph)
  return from === undefined || from === host ? title : `${from} ${title}`
}

function titleOf(id: TaskId, graph: Graph): string {
  const task = graph.tasks.get(id)
  return task === undefined ? (graph.ephemerals.get(id)?.name ?? id) : taskTitle(task)
}
