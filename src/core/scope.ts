import { buildGraph, GraphError, outputsIn } from './graph.ts'
import { Output } from './output.ts'
import type { ProbeResult, Resource } from './resource.ts'
import type { Edge, EphemeralValue, Graph, Task } from './task.ts'
import type { TaskId } from './task-id.ts'

/** A short-lived value and how it is made; see EphemeralValue. */
export interface EphemeralDeclaration<T> {
  readonly name: string
  readonly run: string
  parse(raw: ProbeResult): T
  revoke?(value: T): string
  /** The tasks that must be done before it can be made. */
  readonly after?: readonly Task[]
}

/** What a task waits for. */
export interface TaskOrder {
  readonly after?: readonly Task[]
  /** Tasks that it waits for, and whose pending changes its diff sees. */
  readonly watch?: readonly Task[]
  /** Like `after`, but the failure of a task whose host was lost before this run wrote anything to it does not count. */
  readonly afterReached?: readonly Task[]
  /** It is written only when one of these is about to be written, and before it; see bracket(). */
  readonly enters?: readonly Task[]
  /** It waits until these have ended, whether or not they failed; see bracket(). */
  readonly leaves?: readonly Task[]
}

/** What a role needs to declare tasks on one host. */
export interface Scope {
  readonly host: string
  /** Declares a task. Outputs among the resource's inputs make edges by themselves; `order` adds more. */
  add<C, D, O>(resource: Resource<C, D, O>, order?: TaskOrder): Task<O>
  /**
   * Declares an ephemeral value that is made on this host when first needed. `T` may hold a Secret. Throws GraphError
   * when the host has one of that name already.
   */
  ephemeral<T>(value: EphemeralDeclaration<T>): Output<T>
}

/** Collects what the roles of a playbook declare, and makes the graph of it. */
export class GraphBuilder {
  readonly #tasks: Task[] = []
  readonly #edges: Edge[] = []
  readonly #ephemerals = new Map<TaskId, EphemeralValue>()

  /** Begins with all that another graph has; default: with nothing. */
  constructor({ tasks, edges, ephemerals }: Partial<Graph> = {}) {
    this.#tasks.push(...(tasks?.values() ?? []))
    for (const edge of edges ?? []) this.#edges.push(edge)
    for (const [id, value] of ephemerals ?? []) this.#ephemerals.set(id, value)
  }

  /** The scope of one role on one host. */
  scope(host: string, role: string): Scope {
    return {
      host,
      add: (resource, order = {}) => {
        const id = `${host}/${resource.kind}:${resource.name}` as TaskId
        const enters = order.enters === undefined ? {} : ({ enters: true } as const)
        const task: Task = { id, host, role, resource, output: Output.ofTask(id), ...enters }
        const watched = order.watch ?? []
        const before = outputsIn(task).flatMap(output => output.from.filter(from => !this.#ephemerals.has(from)))
        for (const from of before) this.#edges.push({ from, to: id, watch: false })
        for (const after of order.after ?? []) this.#edges.push({ from: after.id, to: id, watch: false })
        for (const after of order.afterReached ?? []) {
          this.#edges.push({ from: after.id, to: id, watch: false, spare: true })
        }
        for (const inside of order.enters ?? []) {
          this.#edges.push({ from: id, to: inside.id, watch: false, hold: true, enter: true })
        }
        for (const before of order.leaves ?? []) {
          this.#edges.push({ from: before.id, to: id, watch: false, leave: true })
        }
        for (const watch of watched) this.#edges.push({ from: watch.id, to: id, watch: true })
        this.#tasks.push(task)
        return task as Task<never>
      },
      ephemeral: <T>({ after = [], ...value }: EphemeralDeclaration<T>) => {
        const id = `${host}/ephemeral value:${value.name}` as TaskId
        if (this.#ephemerals.has(id)) throw new GraphError(`Ephemeral value "${id}" is declared twice`)
        this.#ephemerals.set(id, { ...value, id, host } as EphemeralValue)
        const made = Output.ofTask<T>(id)
        // The consumer waits for what the value waits for; the value itself is no task.
        return new Output<T>([id, ...after.map(task => task.id)], lookup => made.resolve(lookup))
      },
    }
  }

  /** The tasks that are declared so far, in order. */
  get tasks(): readonly Task[] {
    return this.#tasks
  }

  /** Keeps a declared task from writing before the tasks of `until` are done, and from writing at all if one of them fails. */
  holdBack(task: Task, until: readonly Task[]): void {
    for (const before of until) this.#edges.push({ from: before.id, to: task.id, watch: false, hold: true })
  }

  /** Throws GraphError for a duplicate, two owners of one thing, an unknown dependency or a cycle. */
  build(): Graph {
    return buildGraph(this.#tasks, this.#edges, this.#ephemerals)
  }
}
