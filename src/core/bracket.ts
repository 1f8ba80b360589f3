import type { AnyResource } from './resource.ts'
import type { Scope } from './scope.ts'
import type { Task } from './task.ts'

/** Resources that surround other tasks, e.g. cordon and drain before them, uncordon after them. */
export interface Bracket {
  /** They are written one after the other, before anything inside, and only if something inside is about to be written. */
  readonly enter: readonly AnyResource[]
  /**
   * They are written one after the other, after all tasks inside have ended. Each probe has to find out on its own whether
   * the bracket is entered, e.g. from a mark that evcctl sets on the node, because an interrupted run leaves no other trace.
   * Each diff has to return a change when a watched task has one, as the diff of a systemd unit does. So a plan that shows
   * that a bracket is entered also shows that it is left.
   */
  readonly leave: readonly AnyResource[]
}

/** The tasks of a bracket. */
export interface BracketTasks {
  readonly entered: readonly Task[]
  /** Done when all tasks inside have ended and the bracket is no longer entered. */
  readonly left: readonly Task[]
}

/**
 * Puts tasks into a bracket. The tasks of the bracket itself run on the host of `scope`. If nothing inside has to change, the
 * bracket is not entered, but a bracket that an earlier run entered is left. If a task inside fails after the bracket was
 * entered, the bracket stays entered until a run in which no task inside fails. No task inside may wait for a task outside
 * that waits for the tasks of `enter`: building the graph throws a GraphError then.
 */
export function bracket(scope: Scope, { enter, leave }: Bracket, inside: readonly Task[]): BracketTasks {
  const entered: Task[] = []
  for (const resource of enter) entered.push(scope.add(resource, { after: entered.slice(-1), enters: inside }))
  const left: Task[] = []
  for (const resource of leave) {
    left.push(scope.add(resource, { after: left.slice(-1), leaves: [...entered, ...inside], watch: inside }))
  }
  return { entered, left }
}
