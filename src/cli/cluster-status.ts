import { isNode } from '../../playbooks/cluster-addresses.ts'
import type { ClusterSpec } from '../config/index.ts'
import type { ProbeResult } from '../core/index.ts'
import { askScript, parseAnswer } from '../resources/kubectl.ts'
import {
  type NodeObject,
  type NodeStatus,
  nodeStatus,
  notJoined,
  type PodObject,
  type PodStatus,
  podProblem,
} from './node-status.ts'

/** The questions of `evcctl status`, in the order in which `readStatus` takes the answers. */
export const statusScripts: readonly string[] = [
  askScript('get nodes -o json'),
  askScript('get pods -n kube-system -o json'),
  askScript("get --raw '/readyz?verbose'"),
  askScript('get --raw /version'),
]

export interface ClusterStatus {
  /** `absent`: kubeadm init has not run. `unreachable`: there is a cluster, its API server does not answer. */
  readonly api: 'absent' | 'unreachable' | 'answered'
  /** kubectl's message where the API server did not answer. */
  readonly apiProblem?: string
  /** Version of the API server, without `v`. */
  readonly version: string
  readonly nodes: readonly NodeStatus[]
  /** Pods of kube-system that are not ready, and why. */
  readonly pods: readonly PodStatus[]
  /** Checks of the API server's /readyz that fail. */
  readonly failingChecks: readonly string[]
}

/** Whether all is as it should be. */
export function isHealthy(status: ClusterStatus): boolean {
  const nodes = status.nodes.every(node => node.state === 'ready' && node.problems.length === 0)
  return status.api === 'answered' && nodes && status.pods.length === 0 && status.failingChecks.length === 0
}

/** Puts the answers together with what the cluster file says. Pure. */
export function readStatus(spec: ClusterSpec, results: readonly ProbeResult[]): ClusterStatus {
  const [nodes, pods, , version] = results.map(parseAnswer)
  const readyz = results[2]
  const base = { version: '', nodes: spec.hosts.filter(isNode).map(notJoined), pods: [], failingChecks: [] }
  if (nodes === undefined || nodes.api === 'absent') return { ...base, api: 'absent' }
  if (nodes.api === 'unreachable') return { ...base, api: 'unreachable', apiProblem: nodes.said }
  const found = listOf<NodeObject>(nodes.text).map(node => nodeStatus(node, spec))
  const names = new Set(found.map(node => node.name))
  const missing = spec.hosts.filter(host => isNode(host) && !names.has(host.name)).map(notJoined)
  return {
    api: 'answered',
    version: version?.api === 'answered' ? gitVersion(version.text) : '',
    nodes: [...inFileOrder(found, spec), ...missing],
    pods: pods?.api === 'answered' ? listOf<PodObject>(pods.text).flatMap(podProblem) : [],
    failingChecks: readyz === undefined ? [] : failingChecks(readyz),
  }
}

function listOf<T>(text: string): readonly T[] {
  return (JSON.parse(text) as { items?: readonly T[] }).items ?? []
}

function inFileOrder(nodes: readonly NodeStatus[], spec: ClusterSpec): readonly NodeStatus[] {
  const order = spec.hosts.map(host => host.name)
  const place = (node: NodeStatus) => (node.inFile ? order.indexOf(node.name) : order.length)
  return [...nodes].sort((a, b) => place(a) - place(b))
}

// Lines are `[+]ping ok` and `[-]etcd failed: reason withheld`. A failing readyz is an HTTP error, of which kubectl
// prints the same lines on standard error.
function failingChecks(result: ProbeResult): readonly string[] {
  const answer = parseAnswer(result)
  const failing = [...`${result.stdout}\n${result.stderr}`.matchAll(/^\[-\](\S+) (.*)$/gm)]
  if (failing.length > 0) return failing.map(match => `${match[1]} ${match[2]}`)
  return answer.api === 'unreachable' ? [`readyz: ${answer.said}`] : []
}

function gitVersion(text: string): string {
  return ((JSON.parse(text) as { gitVersion?: string }).gitVersion ?? '').replace(/^v/, '')
}
