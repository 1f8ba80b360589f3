import { isNode } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import type { ProbeResult } from '../../core/index.ts'
import { parsedLength, statusLimits } from '../../core/limits.ts'
import { type Answer, type ApiAccess, askScript, parseAnswer } from '../../resources/api/index.ts'
import { outsideOf } from '../../resources/support/index.ts'
import { quote } from '../../shell/quote.ts'
import type { ClusterHealth } from './cluster-health.ts'
import { nodesTemplate, podsTemplate } from './list-templates.ts'
import { type Listed, type ListedPod, nodesIn, podsIn, versionIn } from './listed-objects.ts'
import { type NodeStatus, nodeStatus, notJoined, outsidePod, type PodStatus, podProblem } from './node-status.ts'

/**
 * The scripts of `evcctl status` that ask the cluster as a whole, in the order in which `readStatus` takes the answers.
 * `hosts`: the number of hosts in the cluster file.
 */
export function statusScripts(api: ApiAccess, hosts: number): readonly string[] {
  const { listMs, listMsPerHost, longestListMs } = statusLimits
  const seconds = Math.floor(Math.min(longestListMs, listMs + hosts * listMsPerHost) / 1000)
  return [
    `get nodes -o ${quote(`go-template=${nodesTemplate}`)}`,
    `get pods -n kube-system -o ${quote(`go-template=${podsTemplate}`)}`,
    "get --raw '/readyz?verbose'",
    'get --raw /version',
  ].map(command => askScript(api, command, seconds))
}

export interface ClusterStatus {
  /** `absent`: kubeadm init has not run. `unreachable`: there is a cluster, but its API server does not answer. */
  readonly api: 'absent' | 'unreachable' | 'answered'
  /** kubectl's message, if the API server did not answer. */
  readonly apiProblem?: string
  /** Version of the API server, without `v`. */
  readonly version: string
  readonly nodes: readonly NodeStatus[]
  /** Pods of kube-system that are not ready or have an address outside the pod network, each with the reason. */
  readonly pods: readonly PodStatus[]
  /** Checks of the API server's /readyz that fail. */
  readonly failingChecks: readonly string[]
}

/** The hosts of the file that do not answer. */
export function silentHosts({ hosts }: Pick<ClusterHealth, 'hosts'>): readonly string[] {
  return hosts.filter(({ problem }) => problem !== undefined).map(({ host }) => host)
}

/** Whether everything works, according to Kubernetes and, if `health` is given, to the hosts themselves. */
export function isHealthy(status: ClusterStatus, health?: ClusterHealth): boolean {
  if (health !== undefined && !isWhole(health)) return false
  const nodes = status.nodes.every(node => node.state === 'ready' && node.problems.length === 0)
  return status.api === 'answered' && nodes && status.pods.length === 0 && status.failingChecks.length === 0
}

function isWhole(health: ClusterHealth): boolean {
  const { apiServers, etcd, problems } = health
  const all = apiServers.ready === apiServers.total && etcd.healthy === etcd.total
  return all && problems.length === 0 && silentHosts(health).length === 0
}

/** Combines the answers with the cluster file. Pure. */
export function readStatus(spec: ClusterSpec, results: readonly ProbeResult[]): ClusterStatus {
  const [nodes, pods, , version] = results.map(parseAnswer)
  const readyz = results[2]
  const base = { version: '', nodes: spec.hosts.filter(isNode).map(notJoined), pods: [], failingChecks: [] }
  if (nodes === undefined || nodes.api === 'absent') return { ...base, api: 'absent' }
  if (nodes.api === 'unreachable') return { ...base, api: 'unreachable', apiProblem: nodes.said }
  const listed = nodesIn(nodes.text)
  if ('damage' in listed) return { ...base, api: 'unreachable', apiProblem: listed.damage }
  const hosts = new Map(spec.hosts.map(host => [host.name, host]))
  const found = listed.items.map(node => nodeStatus(node, hosts.get(node.name)))
  const names = new Set(found.map(node => node.name))
  const missing = spec.hosts.filter(host => isNode(host) && !names.has(host.name)).map(notJoined)
  const notReady = new Set(found.filter(node => node.state !== 'ready').map(node => node.name))
  const listedPods = listedPodsOf(pods)
  return {
    api: 'answered',
    version: version?.api === 'answered' ? versionIn(version.text) : '',
    nodes: [...inFileOrder(found, spec), ...missing],
    pods: podsOf('items' in listedPods ? listedPods.items : [], spec, notReady),
    failingChecks: [
      ...(readyz === undefined ? [] : failingChecks(readyz)),
      // Without a list of pods nobody knows whether they work, so that is a problem too.
      ...('damage' in listedPods ? [`pods of kube-system: ${listedPods.damage}`] : []),
    ],
  }
}

function podsOf(pods: readonly ListedPod[], spec: ClusterSpec, notReady: ReadonlySet<string>): readonly PodStatus[] {
  // A pod network that the user has installed may assign any address.
  const isOutside = spec.network.cni === 'none' ? () => false : outsideOf(spec.network.podCIDR)
  return pods.flatMap(pod => {
    if (pod.address === '') return [podProblem(pod, notReady)]
    return isOutside(pod.address) ? [outsidePod(pod, spec)] : []
  })
}

function listedPodsOf(answer: Answer | undefined): Listed<ListedPod> {
  if (answer?.api === 'unreachable') return { damage: answer.said }
  return podsIn(answer?.api === 'answered' ? answer.text : '')
}

function inFileOrder(nodes: readonly NodeStatus[], spec: ClusterSpec): readonly NodeStatus[] {
  const order = new Map(spec.hosts.map((host, index) => [host.name, index]))
  const place = ({ name }: NodeStatus) => order.get(name) ?? order.size
  return [...nodes].sort((a, b) => place(a) - place(b))
}

// Lines are `[+]ping ok` and `[-]etcd failed: reason withheld`. A failing readyz is an HTTP error: kubectl then prints
// the same lines on standard error. An API server has some 60 checks, so more than the beginning is no answer of one.
function failingChecks(result: ProbeResult): readonly string[] {
  const answer = parseAnswer(result)
  const [out, err] = [result.stdout, result.stderr].map(text => text.slice(0, parsedLength.document))
  const failing = [...`${out}\n${err}`.matchAll(/^\[-\](\S+) (.*)$/gm)]
  if (failing.length > 0) return failing.map(match => `${match[1]} ${match[2]}`)
  return answer.api === 'unreachable' ? [`readyz: ${answer.said}`] : []
}
