import { kubelet } from '../../roles/kubelet/index.ts'
import { nodes as nodesRole } from '../../roles/nodes/index.ts'
import {
  isControlPlane,
  labelsFor,
  type Machine,
  managedTaints,
  ownApiOf,
  type Task,
  taintsFor,
} from '../../src/index.ts'
import type { Site } from '../site.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'
import type { Network } from './declare-network.ts'

export interface RunningNode {
  readonly machine: Machine
  /** Done when the node is Ready. */
  readonly ready: Task
  /** Done when it can run pods. */
  readonly up: readonly Task[]
}

interface RunningWith {
  readonly controlPlane: ControlPlane
  /** Undefined where nothing is done about it. */
  readonly network: Network | undefined
}

/** The kubelets of all nodes, and what the cluster is to know of them. */
export function runNodes(on: Site, nodes: readonly JoinedNode[], wanted: RunningWith): readonly RunningNode[] {
  return nodes.map(node => runNode(on, node, wanted))
}

function runNode(
  { inventory, first, declare }: Site,
  node: JoinedNode,
  { controlPlane, network }: RunningWith,
): RunningNode {
  const { spec, secrets, endpoint } = inventory
  const { machine, joined } = node
  const { name, host, address } = machine
  const { ready } = declare(kubelet, name, {
    configuration: controlPlane.documents.kubelet,
    flags: node.kubeletFlags,
    joined,
    uploaded: controlPlane.configured,
    watch: node.kubelet,
    node: name,
    endpoint,
    ...(isControlPlane(host) ? { ownApi: ownApiOf(spec, machine) } : {}),
    runtime: spec.runtime.name,
    registryCredentials: secrets.registries,
    kept: node.kept,
    // A network that somebody else sets up comes after the apply: `evcctl network check` is for that.
    ready: spec.network.cni !== 'none',
    ...(network === undefined ? {} : { network: network.applied }),
  })
  const { announced } = declare(nodesRole, first.name, {
    node: name,
    labels: labelsFor(host),
    taints: taintsFor(host),
    managedTaints: managedTaints(host),
    joined,
    ...(spec.network.cni === 'flannel' ? { flannel: { address, ready } } : {}),
  })
  return { machine, ready, up: [ready, ...(announced === undefined ? [] : [announced])] }
}
