import { catalog } from '../../catalog/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import {
  digestOf,
  digestsOf,
  type Edge,
  Output,
  type Place,
  placeBelow,
  redact,
  rootPlace,
  Secret,
  type Task,
  titleOf,
  withoutSecretValues,
} from '../../core/index.ts'
import { desiredIn, type Evaluation } from '../../engine/index.ts'
import { type PlannedChange, type PlannedField, planView } from '../../report/index.ts'
import { apiVersion, kind, type PlannedOperation, type SavedPlan, type SavedTask, type Texts } from './saved-plan.ts'

/** What a plan is made from, besides the state of the hosts. */
export interface PlanSource {
  readonly spec: ClusterSpec
  /** Absolute path of the cluster file. */
  readonly file: string
  readonly operation: PlannedOperation
  /** sha256 of each file that was read, by absolute path. */
  readonly files: ReadonlyMap<string, string>
  /** Version of evcctl. */
  readonly version: string
  readonly madeAt: Date
}

/** The part of a saved plan that is known before any host is read. */
export type PlanHeader = Omit<SavedPlan, 'hosts' | 'order' | 'tasks'>

/** Describes what a plan is made from, without the hosts. Pure, but for the catalog. */
export function planHeader({ spec, file, operation, files, version, madeAt }: PlanSource): PlanHeader {
  return {
    apiVersion,
    kind,
    version,
    madeAt: madeAt.toISOString(),
    cluster: spec.name,
    file,
    operation,
    files: Object.fromEntries(files),
    keys: keysOf(spec),
    catalog: catalogDigests(),
  }
}

/** A plan in the form in which it is saved, and in which a later evaluation is compared with it. */
export function planToSave(evaluation: Evaluation, source: PlanSource): SavedPlan {
  const { graph, unreachable } = evaluation
  const hosts = source.spec.hosts.map(({ name }) => [name, unreachable.get(name)?.kind ?? 'read'])
  const changes = new Map(planView(evaluation).changes.map(change => [change.task, change]))
  const tasks = [...graph.tasks.values()].map(task => [task.id, savedTask(task, evaluation, changes.get(task.id))])
  return {
    ...planHeader(source),
    hosts: Object.fromEntries(hosts),
    order: digestOf([...graph.edges.map(edgeText), ...graph.ephemerals.keys()]),
    tasks: Object.fromEntries(tasks),
  }
}

// A text, because there are some hundred thousand edges of a thousand hosts, and a digest of each would take seconds.
function edgeText({ from, to, ...how }: Edge): string {
  return `${from} ${to} ${JSON.stringify(how)}`
}

function savedTask(task: Task, evaluation: Evaluation, change: PlannedChange | undefined): SavedTask {
  const snapshot = evaluation.snapshots.get(task.id)
  const known = snapshot !== undefined && 'current' in snapshot
  return {
    is: verdictOf(task, evaluation),
    title: titleOf(task),
    ...(change === undefined ? {} : { change: shortened(change) }),
    state: known ? settled(digestsOf(snapshot.current), task) : {},
    wanted: digestsOf(desiredIn(evaluation, task) ?? task.resource.desired),
  }
}

function settled(state: Texts, { resource: { volatile = [] } }: Task): Texts {
  return Object.fromEntries(Object.entries(state).filter(([field]) => !volatile.includes(field)))
}

function verdictOf({ id }: Task, { plan, refused }: Evaluation): SavedTask['is'] {
  return plan.verdicts.get(id)?.is ?? (refused.has(id) ? 'refused' : 'unreadable')
}

function shortened({ task: _, host: __, role: ___, title: ____, ...change }: PlannedChange): SavedTask['change'] {
  return { ...change, fields: change.fields.map(shortField) }
}

function shortField(field: PlannedField): PlannedField {
  return {
    ...field,
    ...(field.before === undefined ? {} : { before: shortText(field.before) }),
    ...(field.after === undefined ? {} : { after: shortText(field.after) }),
  }
}

const longest = 120

// A plan for a thousand hosts would hold the same long files a thousand times.
function shortText(text: string): string {
  if (text.length <= longest && !text.includes('\n')) return text
  const lines = text.replace(/\n$/, '').split('\n').length
  return `${lines === 1 ? `${text.length} characters` : `${lines} lines`}, digest ${digestOf(text).slice(0, 16)}`
}

// `where` is a line number of the file, which moves with every line before it; `file` is compared by itself.
const notKeys = new Set(['where', 'file'])

/**
 * The values of a cluster file by their paths, hosts by their names, as texts that can be shown: without credentials, also those that are
 * written in the file itself. When such a one changes, the digest of the file tells.
 */
function keysOf({ file: _, name, hosts, ...spec }: ClusterSpec): Texts {
  const keys: [string, string][] = [['metadata.name', name]]
  const visit = (value: unknown, path: string, key: string, place = rootPlace): void => {
    if (value === undefined || notKeys.has(key)) return
    if (typeof value !== 'object' || value === null || value instanceof Secret || value instanceof Output) {
      keys.push([path, shortText(shownValue(value, place))])
      return
    }
    const entries: [string, unknown][] = Array.isArray(value)
      ? value.map((inner, index) => [`${index}`, inner])
      : Object.entries(value)
    if (entries.length === 0) keys.push([path, Array.isArray(value) ? '[]' : '{}'])
    for (const [inner, one] of entries)
      visit(one, `${path}.${inner}`, inner, placeBelow(place, Array.isArray(value) ? Number(inner) : inner, value))
  }
  visit(spec, 'spec', 'spec')
  for (const host of hosts) visit(host, `spec.hosts.${host.name}`, host.name)
  return Object.fromEntries(keys)
}

function shownValue(value: unknown, place: Place): string {
  // A Secret shows its label only.
  if (value instanceof Secret) return String(value)
  return redact(String(withoutSecretValues(value instanceof Output ? String(value) : value, place)))
}

function catalogDigests(): Texts {
  const entries = Object.entries(catalog).flatMap(([name, { url, sha256 }]) =>
    Object.entries(sha256).map(([version, sums]) => [`${name} ${version}`, digestOf([url, sums]).slice(0, 16)]),
  )
  return Object.fromEntries(entries)
}
