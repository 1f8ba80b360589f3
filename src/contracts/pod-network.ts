import type { Task } from '../core/task.ts'

/** What the role of any pod network gives. */
export interface NetworkOutputs {
  /** Done when the cluster has its objects as they are to be: nodes become Ready by it. */
  readonly applied: Task
  /** What runs it on every node. */
  readonly daemonSet: { readonly namespace: string; readonly name: string }
}
