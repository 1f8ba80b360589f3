import type { AppliedRecord } from '../../core/index.ts'
import { type PlannedChange, type PlanView, planView } from '../../report/index.ts'
import type { ClusterEvaluation } from '../run/evaluate-cluster.ts'
import { type Cause, causesOf } from './classify.ts'

/** What a check found. The text, the JSON and the metrics are all made from this. */
export interface CheckResult {
  /** All changes that an apply would make, by their cause, in graph order. */
  readonly changes: Readonly<Record<Cause, readonly PlannedChange[]>>
  /** Hosts and tasks that could not be read. */
  readonly view: PlanView
  /** The hosts that were read, with their record of the last apply. */
  readonly hosts: ReadonlyMap<string, AppliedRecord | undefined>
  /** Another run that is at work, so that what was found may be in the middle of a change. */
  readonly lockedBy?: string
}

/** Makes the result of an evaluation. Pure. */
export function checkResult({ evaluation, records, lockedBy }: ClusterEvaluation): CheckResult {
  const view = planView(evaluation)
  const causes = causesOf(evaluation, records)
  const of = (cause: Cause) => view.changes.filter(({ task }) => causes.get(task) === cause)
  return {
    changes: { drift: of('drift'), asked: of('asked'), unrecorded: of('unrecorded') },
    view,
    hosts: new Map([...records].filter(([host]) => !evaluation.unreachable.has(host))),
    ...(lockedBy === undefined ? {} : { lockedBy }),
  }
}
