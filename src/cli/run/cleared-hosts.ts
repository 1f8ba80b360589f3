import type { Graph, TaskId } from '../../core/index.ts'
import type { ApplyResult, Evaluation } from '../../engine/index.ts'

/**
 * Those of these hosts on which everything was done, so that nothing of evcctl is left there. A host where something was not
 * done, or that did not answer, keeps its records, because the next run needs them. Pure.
 */
export function clearedHosts(
  hosts: ReadonlySet<string>,
  { graph }: Pick<Evaluation, 'graph'>,
  { ends, failedHosts }: Pick<ApplyResult, 'ends' | 'failedHosts'>,
): ReadonlySet<string> {
  const byHost = Map.groupBy(graph.tasks.values(), ({ host }) => host)
  const isDone = (id: TaskId) => ['changed', 'in desired state'].includes(ends.get(id)?.result ?? '')
  const cleared = [...byHost].filter(
    ([host, tasks]) => hosts.has(host) && !failedHosts.has(host) && tasks.every(({ id }) => isDone(id)),
  )
  return new Set(cleared.map(([host]) => host))
}

/** A graph without the tasks of these hosts. */
export function withoutHosts(graph: Graph, hosts: ReadonlySet<string>): Graph {
  return { ...graph, tasks: new Map([...graph.tasks].filter(([, { host }]) => !hosts.has(host))) }
}
