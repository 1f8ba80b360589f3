import type { Site, Task } from '../../src/index.ts'
import { rollEtcdClients, rollFirewalls, rollRunningNodes } from '../rolling.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { RunningNode } from './run-nodes.ts'

/** Makes changes that can take a running host out of the cluster reach one host first; see ../rolling.ts. */
export function rollChanges(
  { inventory, distribution, builder, first }: Site,
  { configured }: ControlPlane,
  nodes: readonly RunningNode[],
  inService: ReadonlyMap<string, readonly Task[]>,
): void {
  const { spec, facts } = inventory
  const ready = new Map(nodes.map(node => [node.machine.name, node.ready]))
  const kubelets = new Map(nodes.map(node => [node.machine.name, node.running]))
  const last = new Map(nodes.map(node => [node.machine.name, node.last]))
  const rolling = { spec, distribution, facts, host: first.name, ready, kubelets, configured, last, inService }
  rollFirewalls(builder, rolling)
  rollEtcdClients(builder, rolling)
  rollRunningNodes(builder, rolling)
}
