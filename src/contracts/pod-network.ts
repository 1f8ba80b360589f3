import type { Task } from '../core/task.ts'

/** The outputs of the role of any pod network. */
export interface NetworkOutputs {
  /** Done when the objects of the network are in the cluster as desired: then nodes can become Ready. */
  readonly applied: Task
  /** The workload that runs the network on every node. */
  readonly daemonSet: { readonly namespace: string; readonly name: string }
}
