import { nodes as nodesRole } from '../../roles/nodes/index.ts'
import { labelsFor, type Machine, managedTaints, type Site, type Task, taintsFor } from '../../src/index.ts'
import { isRunningNode } from '../standing.ts'
import type { JoinedNode } from './declare-control-plane.ts'
import type { Network } from './declare-network.ts'

export interface RunningNode {
  readonly machine: Machine
  /** See PreparedPrograms. */
  readonly last: readonly Task[]
  /** Done when the kubelet of the node runs. */
  readonly running: Task
  /** Done when the node is Ready. */
  readonly ready: Task
  /** Done when the node can run pods. */
  readonly up: readonly Task[]
}

/**
 * Runs the kubelets of all nodes, and stores the labels, taints and pod routes of each. `network` is undefined if this run
 * declares no pod network.
 *
 * A node becomes Ready when it has a pod network. One that runs already has one: it waits for the objects of the network only where they
 * come from the first control plane node. Any other node changes after it, and would wait for it in turn.
 */
export function runNodes(on: Site, nodes: readonly JoinedNode[], network: Network | undefined): readonly RunningNode[] {
  return nodes.map(node => {
    const { machine, joined, programs } = node
    const { kubelet: watch, last, kept } = programs
    const waits = network?.applied.host === on.first.name || !isRunningNode(machine.host, on.inventory.facts)
    const { running, ready } = node.run({ watch, last, kept, network: waits ? network?.applied : undefined })
    const { name, host, address } = machine
    const { announced } = on.declare(nodesRole, on.first.name, {
      api: on.distribution.api,
      node: name,
      labels: labelsFor(host),
      taints: taintsFor(host),
      managedTaints: managedTaints(host),
      joined,
      ...(on.inventory.spec.network.cni === 'flannel' ? { flannel: { address, ready } } : {}),
    })
    return { machine, last, running, ready, up: [ready, ...(announced === undefined ? [] : [announced])] }
  })
}
