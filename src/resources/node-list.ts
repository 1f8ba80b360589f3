import type { Probe, ProbeResult } from '../core/resource.ts'
import { askScript, parseAnswer } from './kubectl.ts'

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

// Only what is needed: the whole objects list every image of every node.
const columns = ['{.metadata.name}', '{.metadata.labels}', '{.metadata.annotations}', '{.spec.taints}']
const listing = askScript(`get nodes -o jsonpath='{range .items[*]}${columns.join('{"\\t"}')}{"\\n"}{end}'`)

/** Asks for all nodes: one script, which runs once a host however many nodes are asked for. */
export function nodeProbe(name: string): Probe<NodeAnswer> {
  return { script: listing, parse: raw => parseNode(raw, name) }
}

function parseNode(raw: ProbeResult, name: string): NodeAnswer {
  const answer = parseAnswer(raw)
  if (answer.api !== 'answered') return answer
  const row = answer.text
    .split('\n')
    .map(line => line.split('\t'))
    .find(([found]) => found === name)
  if (row === undefined) return { api: 'answered', node: undefined }
  const [, labels, annotations, taints] = row
  return {
    api: 'answered',
    node: {
      labels: read(labels, {}),
      annotations: read(annotations, {}),
      taints: read(taints, []),
    },
  }
}

function read<T>(json: string | undefined, empty: T): T {
  return json === undefined || json === '' ? empty : (JSON.parse(json) as T)
}
