import { barrier, rolling, type Site, type Task } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { RunningNode } from './run-nodes.ts'

/**
 * Holds back an upgrade, and with it the first cordon, until all running nodes that answer have the programs and images of the
 * new version. These reach one node first, because images can fill a disk, and then all others side by side: nothing runs them
 * yet. They wait for `checked`, which may refuse the upgrade. `passing`: see passThroughMinors(). A node that is lost meanwhile holds up nothing, unless something was written to it.
 */
export function fetchUpgrade(
  { inventory, builder, first }: Site,
  hosts: PreparedHosts,
  { configured }: ControlPlane,
  nodes: readonly RunningNode[],
  checked: readonly Task[],
  passing: readonly Task[],
): void {
  const fetched = new Map(hosts.nodes.map(({ machine, programs }) => [machine.name, programs.fetched]))
  const names = [...fetched].flatMap(([name, tasks]) => (tasks.length > 0 ? [name] : []))
  if (names.length === 0) return
  const [canary = '', ...others] = names.toSorted(
    (one, other) => Number(other === first.name) - Number(one === first.name),
  )
  const scope = builder.scope(first.name, 'rolling')
  const of = (name: string) => fetched.get(name) ?? []
  const version = `Kubernetes ${inventory.spec.kubernetes.version}`
  rolling(builder, others.length === 0 ? [[canary]] : [[canary], others], {
    held: of,
    proofs: of,
    gate: (_batch, order) => scope.add(barrier(`one running node has the downloads of ${version}`), order),
  })
  const all = scope.add(barrier(`all running nodes have the downloads of ${version}`), {
    after: checked,
    afterReached: names.flatMap(of),
  })
  for (const { last } of nodes) for (const task of last) builder.holdBack(task, [all])
  for (const task of [...passing, ...configured.values()]) builder.holdBack(task, [all])
}
