import type { Probe, ProbeResult } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { isObjectName } from '../support/index.ts'
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
}

/** What the API server says of one node. */
export type NodeAnswer = ApiState<{
  /** All nodes of the cluster. */
  readonly names: readonly string[]
  /** The one that was asked for. */
  readonly node: NodeState | undefined
}>

export const nodesPath = '/api/v1/nodes'

/** Asks for all nodes at once, however many of them are asked for. */
export function nodeProbe(name: string): Probe<NodeAnswer> {
  return surveyProbe({ asks: [askApi([nodesPath])], parse: raw => parseNode(raw, name) })
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: Partial<Omit<NodeState, 'taints'>> & { readonly name: string }
    readonly spec?: Partial<Pick<NodeState, 'taints'>>
  }[]
}

function parseNode(raw: ProbeResult, name: string): NodeAnswer {
  const answer = answerFor(raw, nodesPath)
  if (answer.api !== 'answered') return answer
  // Every API server has a list of nodes, though it may be empty.
  const { items } = (answer.object ?? {}) as Partial<NodeList>
  if (items === undefined) return { api: 'unreachable', said: 'it has no list of nodes' }
  const { names, sound, byName } = listed(items)
  // People are told to copy them into commands.
  if (!sound) return { api: 'unreachable', said: 'it names a node as none can be named' }
  const found = byName.get(name)
  if (found === undefined) return { api: 'answered', names, node: undefined }
  const { labels = {}, annotations = {} } = found.metadata
  return { api: 'answered', names, node: { labels, annotations, taints: found.spec?.taints ?? [] } }
}

interface Listed {
  readonly names: readonly string[]
  /** Whether all are names that a node can have. */
  readonly sound: boolean
  readonly byName: ReadonlyMap<string, NodeList['items'][number]>
}

// One list is read for each of the nodes that are in it.
const lists = new WeakMap<NodeList['items'], Listed>()

function listed(items: NodeList['items']): Listed {
  const known = lists.get(items)
  if (known !== undefined) return known
  const byName = new Map(items.map(item => [item.metadata.name, item]))
  const names = items.map(({ metadata }) => metadata.name)
  const list = { names, sound: names.every(isObjectName), byName }
  lists.set(items, list)
  return list
}
