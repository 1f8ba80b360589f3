import { type HostError, UserError, UserErrors } from '../core/errors.ts'
import type { TaskId } from '../core/task-id.ts'
import type { Summary, TaskResult } from '../core/verdict.ts'
import { EphemeralValues } from './ephemeral-values.ts'
import type { Evaluation } from './evaluate.ts'
import type { Desired } from './judge.ts'
import { Lanes } from './lanes.ts'
import type { Run } from './run.ts'
import { Scheduler } from './scheduler.ts'
import type { TaskEnd } from './task-state.ts'

/** How an apply ended. */
export interface ApplyResult {
  readonly summary: Summary
  /** One entry a task, in graph order. */
  readonly ends: ReadonlyMap<TaskId, TaskEnd>
  /** What each task wanted that has ended well, without ephemeral values; see recordApplied(). */
  readonly wanted: ReadonlyMap<TaskId, Desired>
  /** The hosts that could not be reached at the start, or were lost later. */
  readonly failedHosts: ReadonlyMap<string, HostError>
}

/**
 * Writes what the evaluation found to differ, in graph order, and verifies each task with its own probe. A task in desired
 * state costs no exchange. Failures are results, not exceptions: tasks that depend on a failed one are skipped, and everything
 * else goes on. Ephemeral values are revoked at the end, however the run ends.
 * Throws UserErrors before anything is written when the evaluation has refusals.
 */
export async function apply(evaluation: Evaluation, run: Run): Promise<ApplyResult> {
  const refusals = [...evaluation.refused].map(id => new UserError(evaluation.errors.get(id)!))
  if (refusals.length > 0) throw new UserErrors(refusals)
  const lanes = new Lanes(run.parallel)
  const ephemerals = new EphemeralValues(evaluation.graph)
  const scheduler = new Scheduler(evaluation, run, lanes, ephemerals)
  try {
    await scheduler.finished()
  } finally {
    await ephemerals.revokeAll(run, lanes)
  }
  const { ends, wanted, failedHosts } = scheduler
  return { summary: summarize([...ends.values()].map(end => end.result)), ends, wanted, failedHosts }
}

function summarize(results: readonly TaskResult[]): Summary {
  const count = (result: TaskResult) => results.filter(one => one === result).length
  return {
    changed: count('changed'),
    failed: count('failed'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
    inDesiredState: count('in desired state'),
  }
}
