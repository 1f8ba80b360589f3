import type { Probe, ProbeResult } from '../core/resource.ts'
import { surveyProbe } from '../core/survey.ts'
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
export type NodeAnswer =
  | { readonly api: 'absent' }
  | { readonly api: 'unreachable'; readonly said: string }
  | { readonly api: 'answered'; readonly node: NodeState | undefined }

const nodesPath = '/api/v1/nodes'

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
  const found = (answer.object as NodeList).items.find(({ metadata }) => metadata.name === name)
  if (found === undefined) return { api: 'answered', node: undefined }
  const { labels = {}, annotations = {} } = found.metadata
  return { api: 'answered', node: { labels, annotations, taints: found.spec?.taints ?? [] } }
}
