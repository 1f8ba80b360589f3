import type { ErrorDetails } from '../core/error-details.ts'
import type { Lookup } from '../core/output.ts'
import type { Change } from '../core/resource.ts'
import type { TaskId } from '../core/task-id.ts'
import type { Write } from './batch.ts'
import type { EphemeralValues } from './ephemeral-values.ts'
import { type Desired, judge, missingIn, nothingWatched, resolveDesired } from './judge.ts'
import { broken, missingInput, placeOf } from './task-errors.ts'
import type { TaskState } from './task-state.ts'

/** What is to be done about a ready task whose snapshot is fresh. */
export type Settlement =
  | { readonly do: 'nothing'; readonly wanted: Desired }
  | { readonly do: 'fail'; readonly error: ErrorDetails }
  | { readonly do: 'make'; readonly ephemerals: readonly TaskId[] }
  /** `wanted` is what it wants without ephemeral values, which are others in each run. */
  | { readonly do: 'write'; readonly write: Write; readonly wanted: Desired }

/** Decides about one ready task; all that it depends on is done, so that only ephemeral values can be missing. */
export function settle(
  state: TaskState,
  tasks: ReadonlyMap<TaskId, TaskState>,
  ephemerals: EphemeralValues,
): Settlement {
  const { task, snapshot } = state
  if (snapshot === undefined) throw new Error(`${task.id} is settled without a snapshot`)
  if ('error' in snapshot) return { do: 'fail', error: snapshot.error }
  const { current } = snapshot
  const isEphemeral = (id: TaskId) => state.ephemerals.includes(id)
  const judgement = judge(task, current, lookupIn(tasks), nothingWatched, isEphemeral)
  if ('error' in judgement) return { do: 'fail', error: judgement.error }
  const { verdict, desired: wanted } = judgement
  if (verdict.is === 'in desired state') return { do: 'nothing', wanted }
  const missing = missingIn(wanted).filter(id => !isEphemeral(id))
  if (missing.length > 0) return { do: 'fail', error: missingInput(task, missing) }
  const unavailable = state.ephemerals.map(id => ephemerals.error(id)).find(error => error !== undefined)
  if (unavailable !== undefined) return { do: 'fail', error: unavailable }
  const unmade = state.ephemerals.filter(id => ephemerals.value(id) === undefined)
  if (unmade.length > 0) return { do: 'make', ephemerals: unmade }
  return prepare(state, current, { judged: verdict.change, wanted }, lookupIn(tasks, ephemerals))
}

function prepare(
  state: TaskState,
  current: unknown,
  { judged, wanted }: { readonly judged: Change; readonly wanted: Desired },
  lookup: Lookup,
): Settlement {
  const { task } = state
  const { resource } = task
  try {
    const desired = resolveDesired(task, lookup)
    const missing = missingIn(desired)
    if (missing.length > 0) return { do: 'fail', error: missingInput(task, missing) }
    // With the ephemeral values in place, the diff may be more exact, or show that there is nothing to do after all.
    const change = state.ephemerals.length === 0 ? judged : resource.diff(current, desired, { watched: [] })
    if (change === undefined) return { do: 'nothing', wanted }
    if (change.refused !== undefined) return { do: 'fail', error: { where: placeOf(task), ...change.refused } }
    return { do: 'write', write: { state, desired, change, steps: resource.converge(current, desired) }, wanted }
  } catch (cause) {
    return { do: 'fail', error: broken(task, 'Planning its steps', cause) }
  }
}

function lookupIn(tasks: ReadonlyMap<TaskId, TaskState>, ephemerals?: EphemeralValues): Lookup {
  return id => {
    const unknown = { unknown: true, from: id } as const
    const state = tasks.get(id)
    if (state === undefined) return ephemerals?.value(id) ?? unknown
    if (state.task.resource.output === undefined) return { value: undefined }
    if (state.snapshot === undefined || 'error' in state.snapshot) return unknown
    const value: unknown = state.task.resource.output(state.snapshot.current)
    return value === undefined ? unknown : { value }
  }
}
