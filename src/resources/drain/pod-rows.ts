import { askingProbeMs, listBytes } from '../../core/limits.ts'
import type { Question, Survey } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { type ApiAccess, kubectl } from '../api/index.ts'
import { isObjectName } from '../support/index.ts'
import { isMapping, type Labels } from './selector.ts'

/** A pod on a node, with what decides whether a drain evicts it. */
export interface PodRow {
  readonly namespace: string
  readonly name: string
  readonly node: string
  readonly phase: string
  readonly ready: boolean
  /** Kind of its controller, e.g. `ReplicaSet`; empty if it has none. */
  readonly controller: string
  /** A static pod: its kubelet runs it, and nobody can evict it. */
  readonly isStatic: boolean
  readonly isEnding: boolean
  readonly hasEmptyDir: boolean
  readonly labels: Labels
}

/** A PodDisruptionBudget. */
export interface BudgetRow {
  readonly namespace: string
  readonly name: string
  readonly allowed: number
  readonly healthy: number
  readonly needed: number
  /** `unhealthyPodEvictionPolicy`; empty for the default, IfHealthyBudget. */
  readonly policy: string
  readonly selector: unknown
}

/** Pods and PodDisruptionBudgets, as one answer of the API server. */
export interface PodList {
  readonly pods: readonly PodRow[]
  readonly budgets: readonly BudgetRow[]
}

// kubectl prints a mapping as JSON, in which a tab is escaped. So a tab separates the columns.
const columns = [
  '{.kind}',
  '{.metadata.namespace}',
  '{.metadata.name}',
  '{.spec.nodeName}',
  '{.status.phase}',
  '{.status.conditions[?(@.type=="Ready")].status}',
  '{.metadata.ownerReferences[?(@.controller==true)].kind}',
  '{.metadata.annotations.kubernetes\\.io/config\\.mirror}',
  '{.metadata.deletionTimestamp}',
  '{.spec.volumes[*].emptyDir}',
  '{.metadata.labels}',
  '{.status.disruptionsAllowed}',
  '{.status.currentHealthy}',
  '{.status.desiredHealthy}',
  '{.spec.unhealthyPodEvictionPolicy}',
  '{.spec.selector}',
]

/** An `-o` of kubectl: a row for each pod or PodDisruptionBudget. */
export const rowFormat = `jsonpath={range .items[*]}${columns.join('{"\\t"}')}{"\\n"}{end}`

/**
 * For so many nodes, the API server is asked for the pods of each, which it finds by an index; for more of them, for all pods
 * of the cluster.
 */
const mostSingle = 2

/**
 * A question for the pods of nodes and all PodDisruptionBudgets, on a control plane node; subjects are names of nodes. It
 * prints `pods=answered` and rows, or `pods=unreachable` where the API server does not answer.
 */
export function askPods(api: ApiAccess, nodes: readonly string[]): Question {
  return { survey: podSurvey(api), subjects: nodes }
}

const podSurvey = (api: ApiAccess): Survey => ({
  name: 'pods of nodes',
  timeoutMs: askingProbeMs,
  maxBytes: listBytes,
  script: nodes => {
    const get = (what: string, seconds: number) =>
      `timeout ${seconds} ${kubectl(api, seconds)} get ${what} --all-namespaces -o ${quote(rowFormat)} </dev/null`
    const single = [...nodes.map(node => `pods ${onNode(node)}`), 'poddisruptionbudgets'].map(what => get(what, 4))
    const ask = nodes.length <= mostSingle ? single.join(' && ') : get('pods,poddisruptionbudgets', 12)
    return `if [ ! -s ${api.adminConf} ] || ${api.unfinished}; then exit 0; fi
if rows=$(${ask}); then
  echo pods=answered
  printf '%s\\n' "$rows" | awk -F '\\t' -v names=${quote(nodes.join(' '))} '
    BEGIN { count = split(names, list, " "); for (i = 1; i <= count; i++) wanted[list[i]] = 1 }
    $1 != "Pod" || ($4 in wanted)'
else echo pods=unreachable; fi
`
  },
})

/** An argument of `kubectl get pods`: those of one node. */
export function onNode(node: string): string {
  return quote(`--field-selector=spec.nodeName=${node}`)
}

/** The rows in a text; lines of another shape, and rows with names that no object can have, are left out. */
export function rowsIn(text: string): PodList {
  const pods: PodRow[] = []
  const budgets: BudgetRow[] = []
  for (const line of text.split('\n')) {
    const cells = line.split('\t')
    if (cells.length !== columns.length) continue
    const [kind, namespace = '', name = '', node = '', phase = '', ready, controller = '', mirror, deletion] = cells
    const [emptyDir, labels, allowed, healthy, needed, policy = '', selector] = cells.slice(9)
    if (!isObjectName(namespace) || !isObjectName(name)) continue
    if (kind === 'Pod')
      pods.push({
        ...{ namespace, name, node, phase, controller },
        ready: ready === 'True',
        isStatic: mirror !== '',
        isEnding: deletion !== '',
        hasEmptyDir: emptyDir !== '',
        labels: mappingIn(labels) ?? {},
      })
    if (kind === 'PodDisruptionBudget')
      budgets.push({
        ...{ namespace, name, policy },
        allowed: Number(allowed) || 0,
        healthy: Number(healthy) || 0,
        needed: Number(needed) || 0,
        selector: mappingIn(selector),
      })
  }
  return { pods, budgets }
}

function mappingIn(text = ''): Labels | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMapping(value) ? value : undefined
  } catch {
    return undefined
  }
}
