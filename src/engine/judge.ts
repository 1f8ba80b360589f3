import type { ErrorDetails } from '../core/error-details.ts'
import { isUnknown, type Lookup, Output, type Unknown } from '../core/output.ts'
import type { Change } from '../core/resource.ts'
import type { Task } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import type { Verdict } from '../core/verdict.ts'
import { broken, placeOf } from './task-errors.ts'

/** The watched tasks of a task that are not done: those that will change, and those that may. */
export interface Watched {
  readonly changing: readonly TaskId[]
  readonly undecided: readonly TaskId[]
}

/** What a resource wants now: every Output replaced by its value, or by Unknown. */
export type Desired = Readonly<Record<string, unknown>>

/** A verdict and the desired state it was found for. */
export type Judgement =
  | { readonly verdict: Verdict; readonly desired: Desired }
  /** `refused`: evcctl cannot make the change; see Change. */
  | { readonly error: ErrorDetails; readonly refused?: true }

export const nothingWatched: Watched = { changing: [], undecided: [] }

/** Replaces the Outputs of a task's desired state. May throw what a function given to Output.map throws. */
export function resolveDesired(task: Task, lookup: Lookup): Desired {
  const entries = Object.entries(task.resource.desired as Record<string, unknown>)
  return Object.fromEntries(
    entries.map(([field, value]) => [field, value instanceof Output ? value.resolve(lookup) : value]),
  )
}

/** The tasks and ephemerals whose values are missing. */
export function missingIn(desired: Desired): readonly TaskId[] {
  return [
    ...new Set(
      Object.values(desired)
        .filter(isUnknown)
        .map(value => value.from),
    ),
  ]
}

/**
 * Compares the current state of a task with its desired state. This is the only comparison: plan and apply both use it.
 * `isEphemeral` recognises ephemeral values, which are never known beforehand and are no reason to write by themselves.
 */
export function judge(
  task: Task,
  current: unknown,
  lookup: Lookup,
  watched: Watched,
  isEphemeral: (id: TaskId) => boolean,
): Judgement {
  try {
    const desired = resolveDesired(task, lookup)
    const compare = (ids: readonly TaskId[]) => task.resource.diff(current, desired, { watched: ids })
    const change = compare(watched.changing)
    if (change?.refused !== undefined) return { error: { where: placeOf(task), ...change.refused }, refused: true }
    if (change !== undefined) return { verdict: classify(change, isEphemeral), desired }
    if (watched.undecided.length === 0) return { verdict: { is: 'in desired state' }, desired }
    // Only watched tasks that may turn out not to change would cause this change.
    const possible = compare([...watched.changing, ...watched.undecided])
    if (possible === undefined) return { verdict: { is: 'in desired state' }, desired }
    return { verdict: { is: 'known after apply', waitingOn: watched.undecided, change: possible }, desired }
  } catch (cause) {
    return { error: broken(task, 'Comparing it with its desired state', cause) }
  }
}

/** Judges a task that enters a bracket: nothing is to be done unless something inside will change, or may. */
export function judgeEnter({ changing, undecided }: Watched, judgeItself: () => Judgement): Judgement {
  if (changing.length === 0 && undecided.length === 0) return { verdict: { is: 'in desired state' }, desired: {} }
  const judgement = judgeItself()
  if (changing.length > 0 || 'error' in judgement || judgement.verdict.is === 'in desired state') return judgement
  const { change } = judgement.verdict
  return { ...judgement, verdict: { is: 'known after apply', waitingOn: undecided, change } }
}

function classify(change: Change, isEphemeral: (id: TaskId) => boolean): Verdict {
  const after = change.fields.map(field => field.after)
  const unknown = after.filter((value): value is Unknown => isUnknown(value))
  if (change.action !== 'update' || after.length === 0 || unknown.length < after.length) return { is: 'change', change }
  const waitingOn = [...new Set(unknown.map(value => value.from))].filter(id => !isEphemeral(id))
  return waitingOn.length === 0 ? { is: 'in desired state' } : { is: 'known after apply', waitingOn, change }
}
