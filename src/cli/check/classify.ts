import { type AppliedRecord, isUnknown, type Task, type TaskId, taskKey, wantedDigest } from '../../core/index.ts'
import { desiredIn, type Evaluation } from '../../engine/index.ts'

/**
 * Why a host differs from what is wanted.
 * `drift`: what is wanted is what was verified there last, so somebody or something has changed the host since.
 * `asked`: something else is wanted than was verified last: the cluster file, a file that it names, the version of evcctl, or what
 * the host itself tells (e.g. its address) has changed.
 * `unrecorded`: the host has nothing on record of it, so nobody knows.
 */
export type Cause = 'drift' | 'asked' | 'unrecorded'

/**
 * Tells for each task with a change why there is one. A task that changes only because of others has their cause. Pure.
 * `records`: what each host has on record of the last apply.
 */
export function causesOf(
  evaluation: Evaluation,
  records: ReadonlyMap<string, AppliedRecord | undefined>,
): ReadonlyMap<TaskId, Cause> {
  const { graph, plan } = evaluation
  const found = new Map<TaskId, Cause>()
  const open = new Set<TaskId>()
  const watched = Map.groupBy(
    graph.edges.filter(({ watch }) => watch),
    ({ to }) => to,
  )
  const inside = Map.groupBy(
    graph.edges.filter(({ enter }) => enter),
    ({ from }) => from,
  )

  const own = (task: Task, wanted: unknown): Cause => {
    const recorded = records.get(task.host)?.tasks.get(taskKey(task.resource))
    if (recorded === undefined) return 'unrecorded'
    return recorded === wantedDigest(wanted) ? 'drift' : 'asked'
  }

  // Of several causes the one that people must know first to understand the others: a changed file explains all that follows.
  const ofOthers = (ids: readonly TaskId[]): Cause | undefined => {
    const causes = new Set(ids.flatMap(id => causeOf(id) ?? []))
    return (['asked', 'unrecorded', 'drift'] as const).find(cause => causes.has(cause))
  }

  const judged = (task: Task): Cause => {
    const wanted = desiredIn(evaluation, task)
    if (task.enters) return ofOthers((inside.get(task.id) ?? []).map(({ to }) => to)) ?? own(task, wanted)
    if (wanted === undefined) return 'unrecorded'
    const pending = Object.values(wanted).flatMap(value => (isUnknown(value) ? value.from : []))
    const others = pending.filter(id => !graph.ephemerals.has(id))
    if (others.length > 0) return ofOthers(others) ?? 'unrecorded'
    const causes = (watched.get(task.id) ?? []).map(({ from }) => from)
    if (causes.length > 0 && !changesAlone(evaluation, task, wanted)) return ofOthers(causes) ?? own(task, wanted)
    return own(task, wanted)
  }

  const causeOf = (id: TaskId): Cause | undefined => {
    const is = plan.verdicts.get(id)?.is
    if (is === undefined || is === 'in desired state' || open.has(id)) return undefined
    const known = found.get(id)
    if (known !== undefined) return known
    open.add(id)
    const cause = judged(graph.tasks.get(id)!)
    open.delete(id)
    found.set(id, cause)
    return cause
  }

  for (const id of plan.verdicts.keys()) causeOf(id)
  return found
}

// Whether a task would change even if no task that it watches did.
function changesAlone({ snapshots }: Evaluation, task: Task, wanted: object): boolean {
  const snapshot = snapshots.get(task.id)
  if (snapshot === undefined || 'error' in snapshot) return false
  return task.resource.diff(snapshot.current, wanted, { watched: [] }) !== undefined
}
