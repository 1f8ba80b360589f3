import type { TaskEnd, TaskState } from './task-state.ts'

/** If only brackets still hold a task back, asks for them to be entered. Returns the entering tasks that are ready now. */
export function enterAround(state: TaskState): readonly TaskState[] {
  const open = [...state.entries].filter(({ stage }) => stage !== 'done')
  if (state.heldBy > open.length) return []
  const asked = open.filter(({ isWanted }) => !isWanted)
  for (const entry of asked) {
    entry.isWanted = true
    entry.waitingFor--
    if (entry.waitingFor === 0) entry.stage = 'ready'
  }
  return asked.filter(({ stage }) => stage === 'ready')
}

/** Whether a task enters a bracket that has nothing inside. */
export function isNeverWanted({ task, inside }: TaskState): boolean {
  return task.enters === true && inside.size === 0
}

/** Records that a task inside has ended. Returns how the entering task ends, if no task inside can need it any more. */
export function endedInside(entry: TaskState, state: TaskState): TaskEnd | undefined {
  entry.inside.delete(state)
  if (entry.inside.size > 0 || (entry.stage !== 'waiting' && entry.stage !== 'ready')) return undefined
  // If the plan showed a change, the result names the task whose failure prevented it.
  const inside = entry.dependants.filter(({ entries }) => entries.has(entry))
  const failed = inside.find(({ end }) => end?.result === 'failed' || end?.result === 'skipped')
  if (failed === undefined || entry.seemsDone) return { result: 'in desired state', ms: 0 }
  return { result: 'skipped', ms: 0, because: failed.end?.because ?? failed.task.id }
}
