import type { ClusterSpec } from '../../config/index.ts'
import type { ListedNode, ListedPod } from './listed-objects.ts'

/** One node as Kubernetes sees it, or a host that has not joined. */
export interface NodeStatus {
  readonly name: string
  readonly roles: readonly string[]
  /** `not joined`: in the cluster file, not in the cluster. */
  readonly state: 'ready' | 'not ready' | 'not joined'
  /** The problems of the node, in words for people. */
  readonly problems: readonly string[]
  readonly unschedulable: boolean
  /** False for a node that is not in the cluster file. */
  readonly inFile: boolean
  /** This field and those below are empty if they are not known. */
  readonly kubelet: string
  readonly runtime: string
  readonly address: string
  readonly os: string
  readonly architecture: string
}

/** A pod that is not ready or has an address outside the pod network, with the reason. */
export interface PodStatus {
  readonly name: string
  readonly node: string
  readonly problem: string
}

/** The status of a host of the cluster file that is not a node. */
export function notJoined(host: ClusterSpec['hosts'][number]): NodeStatus {
  const { name, roles, address } = host
  const unknown = { kubelet: '', runtime: '', os: '', architecture: '' }
  return { name, roles, state: 'not joined', problems: [], unschedulable: false, inFile: true, address, ...unknown }
}

/** The status of a node, with its problems. `host`: the one of the cluster file with its name, if there is one. */
export function nodeStatus(node: ListedNode, host: ClusterSpec['hosts'][number] | undefined): NodeStatus {
  const { name, roles, ready, notReady, pressed, cordoned, kubelet, runtime, address, os, architecture } = node
  return {
    name,
    roles: host?.roles ?? (roles.length > 0 ? roles : ['worker']),
    state: ready ? 'ready' : 'not ready',
    problems: [
      ...(ready ? [] : [notReady ?? 'the kubelet has not said that it is ready']),
      ...pressed.map(({ type, said }) => `${type}: ${said}`),
    ],
    unschedulable: cordoned,
    inFile: host !== undefined,
    kubelet: kubelet.replace(/^v/, ''),
    runtime: runtime.replace('://', ' '),
    address,
    os,
    architecture,
  }
}

/** The problem of a running pod whose address is outside the cluster's pod network. */
export function outsidePod({ name, node }: ListedPod, { network }: ClusterSpec): PodStatus {
  return {
    name,
    node,
    problem: `its address is not of ${network.podCIDR}: another network configuration goes first on its node. Look for files of other software (ls /etc/cni/net.d), move them away, and delete the pod`,
  }
}

/**
 * The problem of a pod that is not ready. `notReady`: the nodes that are not ready.
 */
export function podProblem(pod: ListedPod, notReady: ReadonlySet<string>): PodStatus {
  const { name, node, phase, said, waiting, restarts } = pod
  // The phase is what the kubelet reported last, so it stays `Running` for a node that is down.
  if (waiting === '' && notReady.has(node)) return { name, node, problem: `node ${node} is not ready` }
  const problem = waiting || said || phase || 'unknown'
  return { name, node, problem: restarts > 0 ? `${problem}, ${restarts} restarts` : problem }
}
