import type { ClusterSpec } from '../config/index.ts'
import type { NodeObject, PodObject } from './listed-objects.ts'

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

/** A pod that is not ready, and why. */
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

const roleLabel = 'node-role.kubernetes.io/'

/** A node with what is wrong with it. */
export function nodeStatus({ metadata, spec, status }: NodeObject, cluster: ClusterSpec): NodeStatus {
  const conditions = status?.conditions ?? []
  const ready = conditions.find(condition => condition.type === 'Ready')
  const info: NonNullable<NonNullable<NodeObject['status']>['nodeInfo']> = status?.nodeInfo ?? {}
  const host = cluster.hosts.find(one => one.name === metadata.name)
  const labelled = Object.keys(metadata.labels ?? {}).flatMap(label =>
    label.startsWith(roleLabel) ? [label.slice(roleLabel.length)] : [],
  )
  const pressed = conditions.filter(condition => condition.type !== 'Ready' && condition.status === 'True')
  return {
    name: metadata.name,
    roles: host?.roles ?? (labelled.length > 0 ? labelled : ['worker']),
    state: ready?.status === 'True' ? 'ready' : 'not ready',
    problems: [
      ...(ready?.status === 'True' ? [] : [ready?.message ?? 'the kubelet has not said that it is ready']),
      ...pressed.map(condition => `${condition.type}: ${condition.message ?? condition.reason ?? ''}`),
    ],
    unschedulable: spec?.unschedulable === true,
    inFile: host !== undefined,
    kubelet: (info.kubeletVersion ?? '').replace(/^v/, ''),
    runtime: (info.containerRuntimeVersion ?? '').replace('://', ' '),
    address: status?.addresses?.find(address => address.type === 'InternalIP')?.address ?? '',
    os: info.osImage ?? '',
    architecture: info.architecture ?? '',
  }
}

/** What is wrong with a pod: nothing, or one entry. `notReady`: the nodes of which the kubelet says nothing any more. */
export function podProblem({ metadata, spec, status }: PodObject, notReady: ReadonlySet<string>): readonly PodStatus[] {
  const node = spec?.nodeName ?? ''
  if (status?.phase === 'Succeeded' || metadata.deletionTimestamp !== undefined) return []
  const ready = status?.conditions?.find(condition => condition.type === 'Ready')
  if (status?.phase === 'Running' && ready?.status === 'True') return []
  const waiting = status?.containerStatuses?.find(container => container.state?.waiting?.reason !== undefined)
  const restarts = Math.max(0, ...(status?.containerStatuses ?? []).map(container => container.restartCount ?? 0))
  const unscheduled = status?.conditions?.find(
    condition => condition.status === 'False' && condition.message !== undefined,
  )
  const reason = waiting?.state?.waiting?.reason
  // The phase is what the kubelet said last, so of a node that is gone it stays `Running`.
  if (reason === undefined && notReady.has(node)) {
    return [{ name: metadata.name, node, problem: `node ${node} is not ready` }]
  }
  const problem = reason ?? status?.message ?? unscheduled?.message ?? status?.phase ?? 'unknown'
  return [{ name: metadata.name, node, problem: restarts > 0 ? `${problem}, ${restarts} restarts` : problem }]
}
