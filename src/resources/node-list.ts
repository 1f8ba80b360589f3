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
  /** Status of the condition Ready. */
  readonly ready: boolean
  /** Message of that condition. */
  readonly message: string
}

/** What the API server says of one node. */
export type NodeAnswer =
  | { readonly api: 'absent' }
  | { readonly api: 'unreachable'; readonly said: string }
  | { readonly api: 'answered'; readonly node: NodeState | undefined }

// Only what is needed: the whole objects list every image of every node.
const columns = [
  '{.metadata.name}',
  '{.metadata.labels}',
  '{.metadata.annotations}',
  '{.spec.taints}',
  '{.status.conditions[?(@.type=="Ready")]}',
]
const listing = askScript(`get nodes -o jsonpath='{range .items[*]}${columns.join('{"\\t"}')}{"\\n"}{end}'`)

/** Asks for all nodes: one script, which runs once a host however many nodes are asked for. */
export function nodeProbe(name: string): Probe<NodeAnswer> {
  return { script: listing, parse: raw => parseNode(raw, name) }
}

/** A script that exits 0 when the node is Ready; to be polled. */
export function readyProbe(name: string): Probe<boolean> {
  return {
    script: `${listing.trimEnd()} | awk -F '\\t' -v name=${name} '$1 == name && $5 ~ /"status":"True"/ { found = 1 } END { exit !found }'`,
    parse: raw => raw.exitCode === 0,
  }
}

function parseNode(raw: ProbeResult, name: string): NodeAnswer {
  const answer = parseAnswer(raw)
  if (answer.api !== 'answered') return answer
  const row = answer.text
    .split('\n')
    .map(line => line.split('\t'))
    .find(([found]) => found === name)
  if (row === undefined) return { api: 'answered', node: undefined }
  const [, labels, annotations, taints, condition] = row
  const ready = read<{ status?: string; message?: string }>(condition, {})
  return {
    api: 'answered',
    node: {
      labels: read(labels, {}),
      annotations: read(annotations, {}),
      taints: read(taints, []),
      ready: ready.status === 'True',
      message: ready.message ?? '',
    },
  }
}

function read<T>(json: string | undefined, empty: T): T {
  return json === undefined || json === '' ? empty : (JSON.parse(json) as T)
}
