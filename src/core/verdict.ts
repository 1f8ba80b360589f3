import type { Change } from './resource.ts'
import type { TaskId } from './task-id.ts'

/** What evaluate() finds about one task. */
export type Verdict =
  | { readonly is: 'in desired state' }
  | { readonly is: 'change'; readonly change: Change }
  /** Whether the task changes depends on pending tasks. `change` is the change that may be needed. */
  | { readonly is: 'known after apply'; readonly waitingOn: readonly TaskId[]; readonly change: Change }

/** A verdict for every task of a graph, in graph order. */
export interface Plan {
  readonly verdicts: ReadonlyMap<TaskId, Verdict>
}

/** How a task can end. */
export type TaskResult = 'in desired state' | 'changed' | 'failed' | 'skipped' | 'cancelled'

/** The ends of all tasks, counted. */
export interface Summary {
  readonly changed: number
  readonly failed: number
  readonly skipped: number
  readonly cancelled: number
  readonly inDesiredState: number
}
