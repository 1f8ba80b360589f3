import type { JobReply } from '../core/host.ts'
import type { Write } from './batch.ts'
import { readSnapshot, type Snapshot } from './snapshot.ts'
import { broken, notConverged, placeOf, stepFailed } from './task-errors.ts'
import type { TaskEnd } from './task-state.ts'

/** The outcome of a write: how its task ended, and the state that the probe of the task found afterwards. */
export interface Outcome {
  readonly end: TaskEnd
  readonly snapshot: Snapshot | undefined
}

/** Judges the reply of one job: its steps must have succeeded and its probe must show no difference any more. */
export function outcomeOf(write: Write, reply: JobReply): Outcome {
  const { state, desired, change, steps } = write
  const { task } = state
  const failed = (error: TaskEnd['error'], snapshot?: Snapshot): Outcome => ({
    end: { result: 'failed', ms: reply.ms, change, ...(error === undefined ? {} : { error }) },
    snapshot,
  })
  try {
    if (reply.failure !== undefined) {
      const explained = task.resource.explain?.(reply.failure, desired, steps[reply.failure.step])
      return failed(
        explained === undefined
          ? stepFailed(task, steps, reply.failure)
          : { ...explained, where: explained.where ?? placeOf(task) },
      )
    }
    if (reply.verify === undefined) return failed({ where: placeOf(task), problem: 'Its probe did not answer' })
    const snapshot = readSnapshot(task, reply.verify)
    if ('error' in snapshot) return failed(snapshot.error, snapshot)
    const remaining = task.resource.diff(snapshot.current, desired, { watched: [] })
    if (remaining?.refused !== undefined) return failed({ where: placeOf(task), ...remaining.refused }, snapshot)
    if (remaining !== undefined) return failed(notConverged(task, remaining), snapshot)
    return { end: { result: 'changed', ms: reply.ms, change }, snapshot }
  } catch (cause) {
    return failed(broken(task, 'Judging its outcome', cause))
  }
}
