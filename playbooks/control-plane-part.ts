import { nodeDrain, nodeRemoval, nodeReplacement, nodeReturn } from '../roles/node-service/index.ts'
import { nodes } from '../roles/nodes/index.ts'
import {
  buildGraph,
  type Graph,
  type HostSpec,
  isControlPlane,
  isEtcdHost,
  type Task,
  type TaskId,
} from '../src/index.ts'

const barrierKind = 'barrier'
/** Roles that work through the API on the node that their resource is named after. */
const ofOneNode = new Set([nodeDrain, nodeRemoval, nodeReplacement, nodeReturn, nodes].map(({ name }) => name))

/**
 * The part of a graph that concerns the control plane and etcd: without the hosts that are neither, and without whatever waits for
 * one of them, such as what is done for a worker through the API, or for the cluster as a whole when all nodes are done. A barrier
 * stays, and does not wait for those hosts. `hosts` are those of the file, also those that leave. Everything that stays is as it is in the whole graph. Pure.
 */
export function controlPlanePart(graph: Graph, hosts: readonly HostSpec[]): Graph {
  const workers = new Set(hosts.filter(host => !isControlPlane(host) && !isEtcdHost(host)).map(({ name }) => name))
  const isOfWorker = ({ host, role, resource }: Task) =>
    workers.has(host) || (ofOneNode.has(role) && workers.has(resource.name))
  const left = new Set<TaskId>([...graph.tasks.values()].filter(isOfWorker).map(({ id }) => id))
  const isBarrier = (id: TaskId) => graph.tasks.get(id)?.resource.kind === barrierKind
  const followers = Map.groupBy(graph.edges, ({ from }) => from)
  const leave = (id: TaskId): void => {
    for (const { to, enter } of followers.get(id) ?? []) {
      if (enter === true || left.has(to) || isBarrier(to)) continue
      left.add(to)
      leave(to)
    }
  }
  for (const id of [...left]) leave(id)
  for (const id of bracketsAround(graph, left)) left.add(id)
  const stays = ({ id }: Task) => !left.has(id)
  return buildGraph(
    [...graph.tasks.values()].filter(stays),
    graph.edges.filter(({ from, to }) => !left.has(from) && !left.has(to)),
    graph.ephemerals,
  )
}

// A task that enters a bracket comes before what is inside, so it does not wait for it.
function bracketsAround({ tasks, edges }: Graph, left: ReadonlySet<TaskId>): readonly TaskId[] {
  const insides = Map.groupBy(
    edges.filter(({ enter }) => enter === true),
    ({ from }) => from,
  )
  return [...insides].flatMap(([id, inside]) => (tasks.has(id) && inside.every(({ to }) => left.has(to)) ? [id] : []))
}
