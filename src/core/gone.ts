import type { AnyResource, Change, Resource } from './resource.ts'
import { GraphBuilder } from './scope.ts'
import type { Graph, Task } from './task.ts'
import type { TaskId } from './task-id.ts'

/**
 * The same resource, expected to be absent. It keeps its identity, so no graph can hold the resource both present and absent.
 * Throws RangeError for a resource without `removal`.
 */
export function gone<C, D, O>(resource: Resource<C, D, O>): Resource<C, Record<never, never>> {
  const { kind, name, title, probe, volatile, removal } = resource
  if (removal === undefined) throw new RangeError(`${kind} ${name} does not say how it is taken back`)
  return {
    kind,
    name,
    ...(title === undefined ? {} : { title }),
    probe,
    ...(volatile === undefined ? {} : { volatile }),
    desired: {},
    diff(current): Change | undefined {
      const fields = removal.left(current)
      return fields.length === 0 ? undefined : { action: 'delete', fields }
    },
    converge: current => removal.steps(current),
  }
}

/**
 * The graph that removes what another graph declares, in reverse order: a task is removed after all tasks that depend on it.
 * Tasks of resources without `removal` are left out; the tasks before them wait for the tasks after them.
 */
export function takenBack(graph: Graph): Graph {
  const builder = new GraphBuilder()
  declareTakenBack(builder, graph)
  return builder.build()
}

/** Declares what takenBack() does for one host, as if there were no other. Every task of it waits for `after`. */
export function takeBackHost(
  builder: GraphBuilder,
  { tasks, edges }: Graph,
  { host, after }: { readonly host: string; readonly after: readonly Task[] },
): readonly Task[] {
  const own = new Map([...tasks].filter(([, task]) => task.host === host))
  return declareTakenBack(
    builder,
    { tasks: own, edges: edges.filter(({ from, to }) => own.has(from) && own.has(to)) },
    after,
  )
}

function declareTakenBack(
  builder: GraphBuilder,
  graph: Pick<Graph, 'tasks' | 'edges'>,
  first: readonly Task[] = [],
): readonly Task[] {
  const declared: Task[] = []
  const next = Map.groupBy(graph.edges, edge => edge.from)
  // For each visited task, the removals that the tasks before it wait for: its own, or those of the tasks after it.
  const before = new Map<TaskId, readonly Task[]>()
  for (const { id, host, role, resource } of [...graph.tasks.values()].reverse()) {
    const after = new Set((next.get(id) ?? []).flatMap(edge => before.get(edge.to) ?? []))
    if ((resource as AnyResource).removal === undefined) before.set(id, [...after])
    else {
      const task = builder.scope(host, role).add(gone(resource), { after: [...first, ...after] })
      before.set(id, [task])
      declared.push(task)
    }
  }
  return declared
}
