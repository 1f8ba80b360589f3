import type { Change } from './resource.ts'
import type { TaskId } from './task-id.ts'

/** What evaluate says of one task. */
export type Verdict =
  | { readonly is: 'in desired state' }
  | { readonly is: 'change'; readonly change: Change }
  /** It may or may not change: that depends on values that pending tasks give. `change` is what would be said of it. */
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
