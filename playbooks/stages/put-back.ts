import { passMinor } from '../../roles/minor-on-the-way/index.ts'
import { nodeDrain } from '../../roles/node-service/index.ts'
import { oneByOne, type Site, type Task, wasCutOff } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'

/**
 * Puts back, before any control plane changes, what a change that was cut off has taken away: until then the member of etcd of that
 * node may be out, and another one that is stopped for its own change would cost the quorum. Nodes that leave wait as well: without a
 * quorum nothing can be drained, and no member removed. Returns the tasks that put something back.
 */
export function putBackFirst({ distribution, builder }: Site, { nodes, cluster }: ControlPlane): readonly Task[] {
  const cutOff = nodes.filter(({ machine }) => wasCutOff(machine.facts))
  const tasks = cutOff.map(({ machine }) => cluster.putBack(machine))
  if (tasks.length === 0) return tasks
  const changing = builder.tasks.filter(
    ({ role, resource }) =>
      distribution.rolled.kinds.includes(resource.kind) ||
      [passMinor.name, nodeDrain.name].includes(role) ||
      resource.kind === 'etcd member gone',
  )
  for (const task of changing) builder.holdBack(task, tasks)
  oneByOne(
    builder,
    tasks.map(task => [task]),
  )
  return tasks
}
