import { Output } from './output.ts'
import type { Edge, EphemeralValue, Graph, Task } from './task.ts'
import type { TaskId } from './task-id.ts'

/** Programming errors of a playbook or role: a duplicate, two owners of one thing, an unknown dependency or a cycle. */
export class GraphError extends Error {
  override readonly name = 'GraphError'
}

/**
 * Checks the parts and puts the tasks into a deterministic topological order (declaration order where dependencies
 * leave a choice). Throws GraphError naming the duplicate id, the two roles that declare one thing of a host, the missing
 * dependency or the shortest cycle.
 */
export function buildGraph(
  tasks: readonly Task[],
  edges: readonly Edge[],
  ephemerals: ReadonlyMap<TaskId, EphemeralValue> = new Map(),
): Graph {
  const byId = new Map<TaskId, Task>()
  for (const task of tasks) {
    const owner = byId.get(task.id)
    if (owner !== undefined) throw new GraphError(declaredTwice(owner, task))
    byId.set(task.id, task)
  }
  const unique = mergeEdges(edges)
  for (const edge of unique) {
    if (!byId.has(edge.to)) throw new GraphError(`There is no task "${edge.to}" that "${edge.from}" comes before`)
    if (!byId.has(edge.from)) throw new GraphError(`Task "${edge.to}" depends on "${edge.from}", which is not declared`)
  }
  const order = sortTopologically([...byId.keys()], unique)
  const graph = { tasks: new Map(order.map(id => [id, byId.get(id)!])), edges: unique, ephemerals }
  judgingOrder(graph)
  return graph
}

/**
 * The ids of the tasks in the order in which they can be judged: a task that enters a bracket comes after the tasks inside.
 * Throws GraphError where a task inside waits for a task outside that waits for an entering task: neither would ever end.
 */
export function judgingOrder({ tasks, edges }: Graph): readonly TaskId[] {
  const ids = [...tasks.keys()]
  if (!edges.some(({ enter }) => enter)) return ids
  return sortTopologically(
    ids,
    edges.map(edge => (edge.enter ? { ...edge, from: edge.to, to: edge.from } : edge)),
  )
}

// Two owners would undo each other's work in every run, or the last one would win.
function declaredTwice({ id, host, role, resource }: Task, other: Task): string {
  if (role === other.role) return `Task "${id}" is declared twice`
  return `Two roles on ${host} declare "${resource.kind}:${resource.name}": ${role} and ${other.role}. One thing has one owner`
}

/** The ids of the tasks that each task directly waits for, in edge order. */
export function dependenciesOf(graph: Graph): ReadonlyMap<TaskId, readonly TaskId[]> {
  return neighbours(graph, edge => [edge.to, edge.from])
}

/** The ids of the tasks that directly wait for each task, in edge order. */
export function dependantsOf(graph: Graph): ReadonlyMap<TaskId, readonly TaskId[]> {
  return neighbours(graph, edge => [edge.from, edge.to])
}

/** Every Output among the desired fields of a task. */
export function outputsIn(task: Task): readonly Output<unknown>[] {
  return Object.values(task.resource.desired as Record<string, unknown>).filter(value => value instanceof Output)
}

function neighbours(graph: Graph, pick: (edge: Edge) => readonly [TaskId, TaskId]) {
  const map = new Map<TaskId, TaskId[]>([...graph.tasks.keys()].map(id => [id, []]))
  for (const edge of graph.edges) {
    const [key, value] = pick(edge)
    map.get(key)!.push(value)
  }
  return map
}

function mergeEdges(edges: readonly Edge[]): readonly Edge[] {
  const merged = new Map<string, Edge>()
  for (const edge of edges) {
    const key = `${edge.from}\0${edge.to}`
    const before = merged.get(key)
    merged.set(key, before === undefined ? edge : bothEdges(before, edge))
  }
  return [...merged.values()]
}

function bothEdges(one: Edge, other: Edge): Edge {
  const { from, to } = one
  // A task that enters a bracket may end only with the tasks inside, so these must not wait for it in any way but `hold`.
  const enter = one.enter === true || other.enter === true
  const hold = enter || (one.hold === true && other.hold === true)
  const spare = one.spare === true && other.spare === true
  const leave = one.leave === true || other.leave === true
  return {
    from,
    to,
    watch: one.watch || other.watch,
    ...(hold ? { hold } : {}),
    ...(spare ? { spare } : {}),
    ...(enter ? { enter } : {}),
    ...(leave ? { leave } : {}),
  }
}

function sortTopologically(ids: readonly TaskId[], edges: readonly Edge[]): readonly TaskId[] {
  const position = new Map(ids.map((id, index) => [id, index]))
  const waiting = new Map(ids.map(id => [id, 0]))
  const next = new Map<TaskId, TaskId[]>(ids.map(id => [id, []]))
  for (const edge of edges) {
    waiting.set(edge.to, waiting.get(edge.to)! + 1)
    next.get(edge.from)!.push(edge.to)
  }
  // The last declared task comes first, so that pop() takes the one that was declared first.
  const ready = ids.filter(id => waiting.get(id) === 0).reverse()
  const order: TaskId[] = []
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    order.push(id)
    for (const to of next.get(id)!) {
      const left = waiting.get(to)! - 1
      waiting.set(to, left)
      if (left > 0) continue
      const at = ready.findLastIndex(other => position.get(other)! > position.get(to)!)
      ready.splice(at + 1, 0, to)
    }
  }
  if (order.length < ids.length) {
    const cycle = shortestCycle(
      ids.filter(id => waiting.get(id)! > 0),
      next,
    )
    throw new GraphError(`Tasks wait for each other: ${cycle.join(' → ')}`)
  }
  return order
}

// A breadth-first search from every task that is left over. The first path back to its start is a shortest cycle through it.
function shortestCycle(ids: readonly TaskId[], next: ReadonlyMap<TaskId, readonly TaskId[]>): readonly TaskId[] {
  const left = new Set(ids)
  let shortest: TaskId[] = []
  for (const start of ids) {
    const reachedFrom = new Map<TaskId, TaskId>()
    const queue = [start]
    search: for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      for (const to of next.get(id)!) {
        if (to === start) {
          const path = [start]
          for (let at = id; at !== start; at = reachedFrom.get(at)!) path.unshift(at)
          path.unshift(start)
          if (shortest.length === 0 || path.length < shortest.length) shortest = path
          break search
        }
        if (!left.has(to) || reachedFrom.has(to)) continue
        reachedFrom.set(to, id)
        queue.push(to)
      }
    }
  }
  return shortest
}
