import { kubelet } from '../../roles/kubelet/index.ts'
import {
  type ClusterDocuments,
  isControlPlane,
  type KubeletFlag,
  type Machine,
  type NodeMade,
  ownApiOf,
  type Site,
  type Task,
} from '../../src/index.ts'

interface MadeWith {
  readonly joined: Task
  /** The flags that its kubelet will have. */
  readonly kubeletFlags: readonly KubeletFlag[]
  readonly documents: ClusterDocuments
  /** Done when the cluster has the documents. */
  readonly uploaded: Task
}

/** A node whose kubelet does not run with its final settings yet; `run` declares that. */
export function nodeMade(
  { inventory, builder, declare }: Site,
  machine: Machine,
  { joined, kubeletFlags: flags, documents, uploaded }: MadeWith,
): NodeMade {
  const { spec, secrets, endpoint } = inventory
  const { name, host } = machine
  return {
    joined,
    run({ watch, last, kept, network }) {
      const {
        configured,
        flags: flagged,
        running,
        ready,
      } = declare(kubelet, name, {
        configuration: documents.kubelet,
        version: spec.kubernetes.version,
        flags,
        joined,
        watch,
        node: name,
        endpoint,
        ...(isControlPlane(host) ? { ownApi: ownApiOf(spec, machine) } : {}),
        ...(isControlPlane(host) && spec.hosts.filter(isControlPlane).length > 1
          ? { gatedPort: spec.controlPlane.bindPort }
          : {}),
        runtime: spec.runtime.name,
        registryCredentials: secrets.registries,
        kept,
        // If somebody else sets up the network, that happens after the apply, so the node is not Ready before.
        ready: spec.network.cni !== 'none',
        ...(network === undefined ? {} : { network }),
      })
      // A node whose kubelet has its configuration does not wait, because the cluster may need this node to store another
      // configuration.
      builder.holdBack(configured, [uploaded])
      // A kubelet that starts before its next one is configured is still the former one, which knows its flags.
      for (const program of last) builder.holdBack(program, [configured, flagged])
      return { running, ready }
    },
  }
}
