import { type ControlPlaneOutputs, controlPlane } from '../../roles/control-plane/index.ts'
import { joinControlPlane } from '../../roles/control-plane-join/index.ts'
import {
  type ClusterDocuments,
  type ControlPlaneNodeParameters,
  isControlPlane,
  type KubeletFlag,
  type Task,
} from '../../src/index.ts'
import { documentsOf } from '../documents.ts'
import type { Site } from '../site.ts'
import { connectToEtcd, guardEtcd } from './connect-to-etcd.ts'
import type { Etcd } from './declare-etcd.ts'
import { nodeOf } from './node-of.ts'
import type { PreparedHosts } from './prepare-hosts.ts'
import type { PreparedNode } from './prepare-node.ts'
import { readyToJoin } from './ready-to-join.ts'

/** A host that has become a node. */
export interface JoinedNode extends PreparedNode {
  /** Done when it is one: kubeadm init or join. */
  readonly joined: Task
  /** The flags that its kubelet is to have. */
  readonly kubeletFlags: readonly KubeletFlag[]
}

export interface ControlPlane extends Pick<ControlPlaneOutputs, 'identity' | 'token' | 'configured'> {
  /** `joined`: done when there is a cluster. */
  readonly first: JoinedNode
  /** All that answered, the first one first. */
  readonly nodes: readonly JoinedNode[]
  /** Done when the static pods of all of them are those of the documents. */
  readonly allConfigured: Task
  readonly documents: ClusterDocuments
}

/** kubeadm init on the first control plane node, join on the others, and later changes of their static pods, one after the other. */
export function declareControlPlane(on: Site, hosts: PreparedHosts, etcd: Etcd): ControlPlane {
  const { apiServers, spec } = on.inventory
  const documents = documentsOf(on.inventory)
  const reached = connectToEtcd(on, hosts.first, etcd)
  const made = on.declare(controlPlane, on.first.name, {
    ...parametersOf(on, hosts.first, documents),
    after: [...readyToJoin(on, hosts.first, hosts), ...reached, ...guardEtcd(on, etcd, reached)],
  })
  const { identity, token, certificateKey, configured } = made
  const first = { ...hosts.first, joined: made.initialised, kubeletFlags: made.kubeletFlags }
  const nodes: JoinedNode[] = [first]
  let previous = configured
  for (const host of hosts.nodes.filter(node => node !== hosts.first && isControlPlane(node.machine.host))) {
    const { name, address } = host.machine
    const joined = on.declare(joinControlPlane, name, {
      ...parametersOf(on, host, documents),
      others: apiServers.filter(other => other !== address),
      joinPatch: spec.kubernetes.joinConfiguration,
      identity,
      token,
      certificateKey,
      // It takes over what the cluster remembers.
      after: [...readyToJoin(on, host, hosts), ...connectToEtcd(on, host, etcd), configured],
      previous,
    })
    nodes.push({ ...host, joined: joined.joined, kubeletFlags: joined.kubeletFlags })
    previous = joined.configured
  }
  return { first, nodes, identity, token, configured, allConfigured: previous, documents }
}

function parametersOf(
  { inventory }: Site,
  { machine }: PreparedNode,
  documents: ClusterDocuments,
): Omit<ControlPlaneNodeParameters, 'after'> {
  const { spec, endpoint } = inventory
  return {
    file: spec.file,
    node: nodeOf(spec, machine),
    documents,
    initPatch: spec.kubernetes.initConfiguration,
    endpoint,
    bindPort: spec.controlPlane.bindPort,
    ignorePreflightErrors: spec.kubernetes.ignorePreflightErrors,
  }
}
