import { nodeReplacement, nodeReturn } from '../../roles/node-service/index.ts'
import { type Machine, minorOf, type Site, type Task } from '../../src/index.ts'
import { isRunningNode } from '../standing.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { RunningNode } from './run-nodes.ts'

export interface NodesInService {
  /** For each node that is drained, by name: done when it is in service again. */
  readonly drained: ReadonlyMap<string, readonly Task[]>
  /** The same for all nodes. */
  readonly all: readonly Task[]
}

/**
 * Drains nodes whose kubelet gets another minor version, and returns them to service when they are Ready with it: the former
 * kubelet's pods are not known to work with the new one (https://kubernetes.io/releases/version-skew-policy/). Other nodes
 * that evcctl has cordoned and that stay are uncordoned: a run was cut off, or a node was to leave and is wanted again. A
 * node that somebody else cordoned stays so. The only node of a cluster is not drained, because its pods have nowhere to go.
 *
 * The distribution's addons change when all drained nodes are in service again: while kube-proxy is replaced on a node, that node
 * goes on sending packets to pods that a drain has ended.
 *
 * Returns the tasks that are done when nodes are in service again: of those that are drained by their names, and of all.
 */
export function keepInService(
  { inventory, distribution, builder, first, declare }: Site,
  { addons }: ControlPlane,
  nodes: readonly RunningNode[],
): NodesInService {
  const { spec, facts } = inventory
  const { api } = distribution
  const getsOtherMinor = ({ host, facts: { kubernetes } }: Machine) =>
    kubernetes.kubelet !== undefined &&
    minorOf(kubernetes.kubelet) !== minorOf(spec.kubernetes.version) &&
    isRunningNode(host, facts)
  const isDrained = ({ machine }: RunningNode) => nodes.length > 1 && getsOtherMinor(machine)
  const kept = nodes
    .filter(node => !isDrained(node))
    .map(({ machine, up }) => declare(nodeReturn, first.name, { api, node: machine.name, after: up }).returned)
  const drained = new Map(
    nodes.filter(isDrained).map(({ machine, last, running, ready }) => {
      const inside = [...last, running, ready]
      const order = { api, node: machine.name, drain: spec.rollout.drain, inside }
      return [machine.name, declare(nodeReplacement, first.name, order).returned] as const
    }),
  )
  const returned = [...drained.values()].flat()
  for (const addon of addons) builder.holdBack(addon, returned)
  return { drained, all: [...kept, ...returned] }
}
