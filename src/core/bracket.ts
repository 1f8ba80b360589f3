import type { AnyResource } from './resource.ts'
import type { Scope } from './scope.ts'
import type { Task } from './task.ts'

/** Resources that surround other tasks, e.g. cordon and drain before them, uncordon after them. */
export interface Bracket {
  /** Written one after the other, only when something inside is about to be written, and before it. */
  readonly enter: readonly AnyResource[]
  /**
   * Written one after the other, after all that is inside. The probe of each has to find on its own whether the bracket was
   * entered, e.g. by a mark of evcctl's on the node: a run that was cut off leaves nothing else behind. Its diff has to make a
   * change of watched tasks, as the one of a unit does: then a plan shows that what will be entered will be left.
   */
  readonly leave: readonly AnyResource[]
}

/** The tasks of a bracket. */
export interface BracketTasks {
  readonly entered: readonly Task[]
  /** Done when what is inside has ended and the bracket is not entered. */
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
