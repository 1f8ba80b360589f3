import type { ClusterSpec } from '../../config/index.ts'
import type { ListedNode, ListedPod } from './listed-objects.ts'

/** One node as Kubernetes sees it, or a host that has not joined. */
export interface NodeStatus {
  readonly name: string
  readonly roles: readonly string[]
  /** `not joined`: in the cluster file, not in the cluster. */
  readonly state: 'ready' | 'not ready' | 'not joined'
  /** What is wrong with it, in words. */
  readonly problems: readonly string[]
  readonly unschedulable: boolean
  /** False for a node that the cluster file does not have. */
  readonly inFile: boolean
  /** The following are empty where nothing is known. */
  readonly kubelet: string
  readonly runtime: string
  readonly address: string
  readonly os: string
  readonly architecture: string
}

/** A pod that is not ready, or not in the network of pods, and why. */
export interface PodStatus {
  readonly name: string
  readonly node: string
  readonly problem: string
}

/** A host of the cluster file that is no node. */
export function notJoined(host: ClusterSpec['hosts'][number]): NodeStatus {
  const { name, roles, address } = host
  const unknown = { kubelet: '', runtime: '', os: '', architecture: '' }
  return { name, roles, state: 'not joined', problems: [], unschedulable: false, inFile: true, address, ...unknown }
}

/** A node with what is wrong with it. */
export function nodeStatus(node: ListedNode, cluster: ClusterSpec): NodeStatus {
  const { name, roles, ready, notReady, pressed, cordoned, kubelet, runtime, address, os, architecture } = node
  const host = cluster.hosts.find(one => one.name === name)
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

/** What is wrong with a pod that runs, but with an address that the cluster's network has not given. */
export function outsidePod({ name, node }: ListedPod, { network }: ClusterSpec): PodStatus {
  return {
    name,
    node,
    problem: `its address is not of ${network.podCIDR}: another network configuration goes first on its node. Look for files of other software (ls /etc/cni/net.d), move them away, and delete the pod`,
  }
}

/**
 * What is wrong with a pod that is not as it should be. `notReady`: the nodes of which the kubelet says nothing any more.
 */
export function podProblem(pod: ListedPod, notReady: ReadonlySet<string>): PodStatus {
  const { name, node, phase, said, waiting, restarts } = pod
  // The phase is what the kubelet said last, so of a node that is gone it stays `Running`.
  if (waiting === '' && notReady.has(node)) return { name, node, problem: `node ${node} is not ready` }
  const problem = waiting || said || phase || 'unknown'
  return { name, node, problem: restarts > 0 ? `${problem}, ${restarts} restarts` : problem }
}
