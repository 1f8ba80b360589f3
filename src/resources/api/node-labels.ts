import { ownValue } from '../../core/own-value.ts'
import type { FieldChange, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import type { ApiAccess } from './access.ts'
import { notAnswered } from './api-state.ts'
import { againFunction, kubectl } from './kubectl.ts'
import { type NodeAnswer, type NodeState, type NodeTaintState, nodeProbe } from './node-list.ts'

export interface NodeLabelsParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaintState[]
  /** Keys of taints that evcctl manages from the start, e.g. those that kubeadm sets: removed unless they are desired. */
  readonly managedTaints: readonly string[]
}

// Annotations with the keys that evcctl has set, comma separated: it may remove only these again.
const ownedLabels = 'evcctl.dev/owned-labels'
const ownedTaints = 'evcctl.dev/owned-taints'

/** The kind of these resources: the current state of each has the names of all nodes. */
export const nodeLabelsKind = 'labels and taints'

/**
 * The labels and taints of a node that evcctl manages: those that are desired, and those that it set before. A key that is
 * taken out of cluster.yaml is removed from the node; keys that somebody else set stay. Runs on a control plane node.
 */
export function nodeLabels(
  parameters: NodeLabelsParameters,
): Resource<
  NodeAnswer,
  { readonly labels: Readonly<Record<string, string>>; readonly taints: readonly NodeTaintState[] }
> {
  const { api, node, labels, taints } = parameters
  return {
    kind: nodeLabelsKind,
    name: node,
    title: `labels and taints of ${node}`,
    probe: nodeProbe(api, node),
    desired: { labels, taints },
    diff(current) {
      if (current.api === 'unreachable') return notAnswered(current, 'they cannot be compared')
      const found = current.api === 'answered' ? current.node : undefined
      const fields = changes(found, parameters)
      return fields.length === 0 ? undefined : { action: found === undefined ? 'create' : 'update', fields }
    },
    converge(current): readonly Step[] {
      if (current.api === 'unreachable') return [registered(api, node)]
      const found = current.api === 'answered' ? current.node : undefined
      return [registered(api, node), { run: script(found, parameters), timeoutMs: 180_000 }]
    },
    explain: failure =>
      failure.step === 0
        ? {
            problem: `${node} is not in the cluster.`,
            actual: failure.stderr.trim(),
            next: `Its kubelet registers it when it starts; on ${node}: systemctl restart kubelet`,
          }
        : undefined,
  }
}

// A kubelet registers its node a moment after it has joined.
function registered(api: ApiAccess, node: string): Step {
  return {
    until: { script: `${kubectl(api, 5)} get node ${quote(node)} >/dev/null`, parse: raw => raw.exitCode === 0 },
    what: `${node} is registered`,
    everyMs: 500,
    timeoutMs: 60_000,
  }
}

function changes(found: NodeState | undefined, wanted: NodeLabelsParameters): readonly FieldChange[] {
  const fields: FieldChange[] = []
  for (const [key, value] of Object.entries(wanted.labels)) {
    const before = ownValue(found?.labels ?? {}, key)
    if (before !== value)
      fields.push({ field: `label ${key}`, ...(before === undefined ? {} : { before }), after: value })
  }
  for (const key of staleLabels(found, wanted)) fields.push({ field: `label ${key}`, before: found!.labels[key]! })
  for (const taint of wanted.taints) {
    const same = found?.taints.filter(other => other.key === taint.key && other.effect === taint.effect) ?? []
    if (same.some(other => (other.value ?? '') === (taint.value ?? ''))) continue
    fields.push({ field: 'taint', ...(same[0] === undefined ? {} : { before: textOf(same[0]) }), after: textOf(taint) })
  }
  for (const taint of staleTaints(found, wanted)) fields.push({ field: 'taint', before: textOf(taint) })
  if (found !== undefined && fields.length === 0) fields.push(...ownershipChanges(found, wanted))
  return fields
}

// Where somebody else set a desired key to the same value, evcctl takes it over: it records the key to remove it one day.
function* ownershipChanges(found: NodeState, wanted: NodeLabelsParameters): Iterable<FieldChange> {
  const owned = ownership(wanted)
  for (const [annotation, after] of Object.entries(owned)) {
    const before = found.annotations[annotation] ?? ''
    if (before !== after) yield { field: `annotation ${annotation}`, before, after }
  }
}

function ownership(wanted: NodeLabelsParameters): Readonly<Record<string, string>> {
  const taintKeys = wanted.taints.map(taint => taint.key).filter(key => !wanted.managedTaints.includes(key))
  return {
    [ownedLabels]: Object.keys(wanted.labels).sort().join(','),
    [ownedTaints]: [...new Set(taintKeys)].sort().join(','),
  }
}

function owned(found: NodeState | undefined, annotation: string): readonly string[] {
  return (found?.annotations[annotation] ?? '').split(',').filter(key => key !== '')
}

function staleLabels(found: NodeState | undefined, wanted: NodeLabelsParameters): readonly string[] {
  return owned(found, ownedLabels).filter(
    key => !Object.hasOwn(wanted.labels, key) && Object.hasOwn(found!.labels, key),
  )
}

function staleTaints(found: NodeState | undefined, wanted: NodeLabelsParameters): readonly NodeTaintState[] {
  const keys = new Set([...owned(found, ownedTaints), ...wanted.managedTaints])
  return (found?.taints ?? []).filter(
    taint =>
      keys.has(taint.key) && !wanted.taints.some(other => other.key === taint.key && other.effect === taint.effect),
  )
}

function textOf({ key, value, effect }: NodeTaintState): string {
  return value === undefined || value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`
}

// The keys that evcctl owns are recorded first: so the next run knows what it may remove, even if this run is cut off.
function script(found: NodeState | undefined, wanted: NodeLabelsParameters): string {
  const { api } = wanted
  const name = quote(wanted.node)
  const annotations = ownership(wanted)
  const both = Object.entries(annotations).map(([annotation, after]) => {
    const keys = [...owned(found, annotation), ...after.split(',')].filter(key => key !== '')
    return quote(`${annotation}=${[...new Set(keys)].join(',')}`)
  })
  const lines = [`${againFunction}again ${kubectl(api)} annotate node ${name} --overwrite ${both.join(' ')}`]
  const labels = [
    ...Object.entries(wanted.labels).map(([key, value]) => quote(`${key}=${value}`)),
    ...staleLabels(found, wanted).map(key => quote(`${key}-`)),
  ]
  if (labels.length > 0) lines.push(`again ${kubectl(api)} label node ${name} --overwrite ${labels.join(' ')}`)
  const taints = [
    ...wanted.taints.map(taint => quote(textOf(taint))),
    ...staleTaints(found, wanted).map(({ key, effect }) => quote(`${key}:${effect}-`)),
  ]
  if (taints.length > 0) lines.push(`again ${kubectl(api)} taint node ${name} --overwrite ${taints.join(' ')}`)
  const noted = Object.entries(annotations).map(([key, value]) => quote(`${key}=${value}`))
  lines.push(`again ${kubectl(api)} annotate node ${name} --overwrite ${noted.join(' ')}`)
  return `${lines.join('\n')}\n`
}
