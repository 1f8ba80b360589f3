import { oneByOne, type Site, type Task, userGate } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'

/**
 * Brings API servers, and a stacked etcd, through the minors between theirs and the wanted one: one node after the other, and the
 * next minor when all of them serve with the one before. What else an upgrade changes comes once, when all are one minor behind:
 * `configured` waits for that, and with it kubelets and whatever follows them. A node that an earlier run brought so far has no
 * task. The tasks wait for `checked`, which may refuse the upgrade; they are returned.
 */
export function passThroughMinors(
  on: Site,
  { nodes, cluster, configured }: ControlPlane,
  checked: readonly Task[],
): readonly Task[] {
  const { inventory, builder, first } = on
  const passing: Passing[] = []
  for (const { version, behind } of inventory.minorsOnTheWay) {
    for (const { machine, joined } of nodes.filter(node => behind.includes(node.machine.name))) {
      // What makes the other hosts nodes may be held back until the first one is done with all changes.
      const after = machine.name === first.name ? [joined] : []
      passing.push({ version, name: machine.name, task: cluster.passMinor({ machine, version, after }) })
    }
  }
  const tasks = passing.map(({ task }) => task)
  for (const task of tasks) builder.holdBack(task, checked)
  oneByOne(
    builder,
    tasks.map(task => [task]),
  )
  for (const task of configured.values()) builder.holdBack(task, tasks)
  askUser(on, passing, configured.get(first.name))
  return tasks
}

interface Passing {
  readonly version: string
  /** Name of the node. */
  readonly name: string
  readonly task: Task
}

function askUser(
  { inventory: { spec }, builder, first }: Site,
  passing: readonly Passing[],
  end: Task | undefined,
): void {
  const { gate } = spec.rollout
  if (gate === undefined) return
  const scope = builder.scope(first.name, 'rolling')
  const { command, folder, timeout: timeoutMs } = gate
  for (const [index, { version, name, task }] of passing.entries()) {
    const batch = passing.slice(0, index + 1).filter(one => one.version === version).length
    const asked = userGate({ command, folder, timeoutMs, cluster: spec.name, nodes: [name], batch, of: version })
    scope.add(asked, { after: [task], enters: [passing[index + 1]?.task ?? end].filter(one => one !== undefined) })
  }
}
