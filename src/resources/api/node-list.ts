import type { Probe, ProbeResult } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { isObjectName } from '../support/index.ts'
import type { ApiAccess } from './access.ts'
import type { ApiState } from './api-state.ts'
import { answerFor, askApi } from './api-survey.ts'

/** A taint of a node. */
export interface NodeTaintState {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export interface NodeState {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaintState[]
  /** Whether the node is cordoned: no new pod is scheduled to it. */
  readonly isCordoned: boolean
  /**
   * Whether the node has stopped reporting: its Ready condition is Unknown, which Kubernetes sets some 40 s after the last sign
   * of its kubelet. Nobody learns the end of a pod on such a node.
   */
  readonly isLost: boolean
}

/** One node, as the API server describes it. */
export type NodeAnswer = ApiState<{
  /** All nodes of the cluster. */
  readonly names: readonly string[]
  /** Those of them that are control plane nodes. */
  readonly servers: readonly string[]
  /** The node that the probe asks for. */
  readonly node: NodeState | undefined
}>

export const nodesPath = '/api/v1/nodes'

/** One question for all nodes of the cluster, shared by the probes of every node. */
export function nodeProbe(api: ApiAccess, name: string): Probe<NodeAnswer> {
  return surveyProbe({ asks: [askApi(api, [nodesPath])], parse: raw => parseNode(raw, name) })
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: Partial<Pick<NodeState, 'labels' | 'annotations'>> & { readonly name: string }
    readonly spec?: Partial<Pick<NodeState, 'taints'>> & { readonly unschedulable?: unknown }
    readonly status?: { readonly conditions?: unknown }
  }[]
}

/** Parses the answer to nodeProbe(), or to a probe that asks for `nodesPath` among others. */
export function parseNode(raw: ProbeResult, name: string): NodeAnswer {
  const answer = answerFor(raw, nodesPath)
  if (answer.api !== 'answered') return answer
  // Every API server has a list of nodes, though it may be empty.
  const { items } = (answer.object ?? {}) as Partial<NodeList>
  if (items === undefined) return { api: 'unreachable', said: 'it has no list of nodes' }
  const { names, servers, sound, byName } = listed(items)
  // Messages contain these names inside commands that people copy, so a name that is no node name is refused.
  if (!sound) return { api: 'unreachable', said: 'it has a node whose name is not valid' }
  const found = byName.get(name)
  if (found === undefined) return { api: 'answered', names, servers, node: undefined }
  const { labels = {}, annotations = {} } = found.metadata
  const { taints = [], unschedulable } = found.spec ?? {}
  const isCordoned = unschedulable === true
  return { api: 'answered', names, servers, node: { labels, annotations, taints, isCordoned, isLost: isLost(found) } }
}

function isLost({ status }: NodeList['items'][number]): boolean {
  const conditions: readonly unknown[] = Array.isArray(status?.conditions) ? status.conditions : []
  return conditions.some(one => {
    const { type, status: is } = (one ?? {}) as { readonly type?: unknown; readonly status?: unknown }
    return type === 'Ready' && is === 'Unknown'
  })
}

interface Listed {
  readonly names: readonly string[]
  readonly servers: readonly string[]
  /** Whether all of these are valid node names. */
  readonly sound: boolean
  readonly byName: ReadonlyMap<string, NodeList['items'][number]>
}

// The list is parsed once, although the probes of all nodes read it.
const lists = new WeakMap<NodeList['items'], Listed>()

function listed(items: NodeList['items']): Listed {
  const known = lists.get(items)
  if (known !== undefined) return known
  const byName = new Map(items.map(item => [item.metadata.name, item]))
  const names = items.map(({ metadata }) => metadata.name)
  const servers = items.filter(isServer).map(({ metadata }) => metadata.name)
  const list = { names, servers, sound: names.every(isObjectName), byName }
  lists.set(items, list)
  return list
}

// The label that kubeadm and K3s give every control plane node.
function isServer({ metadata }: NodeList['items'][number]): boolean {
  return Object.hasOwn(metadata.labels ?? {}, 'node-role.kubernetes.io/control-plane')
}
