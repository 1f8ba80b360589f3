import { firstOf } from '../../core/shown.ts'
import type { BudgetRow, PodList, PodRow } from './pod-rows.ts'
import { selects } from './selector.ts'

/** How nodes are drained; see spec.rollout.drain. */
export interface DrainSettings {
  /** How long the drain of one node may take, ms. */
  readonly timeout: number
  /** Whether pods with an emptyDir volume are evicted. Their data is lost. */
  readonly deleteEmptyDirData: boolean
  /** Whether pods without a controller are deleted. Nothing starts them again. */
  readonly force: boolean
}

/** What a drain of one node has to do. */
export interface Eviction {
  /** The pods that have to leave, `namespace/name`. */
  readonly pods: readonly string[]
  /** What keeps a pod for now, e.g. `PodDisruptionBudget shop/web: 0 allowed, keeps shop/web-1`. */
  readonly blockers: readonly string[]
  /** Pods that the settings do not allow to evict: those without a controller, and those with data in an emptyDir. */
  readonly unmanaged: readonly string[]
  readonly withData: readonly string[]
}

/**
 * What `kubectl drain` would evict from a node, and what would hold it up. Pods of DaemonSets and static pods stay, as
 * `kubectl drain --ignore-daemonsets` leaves them (k8s.io/kubectl/pkg/drain/filters.go).
 */
export function evictionOf(
  { pods, budgets }: PodList,
  node: string,
  { force, deleteEmptyDirData }: Pick<DrainSettings, 'force' | 'deleteEmptyDirData'>,
): Eviction {
  const leaving = pods.filter(pod => pod.node === node && (hasEnded(pod) || isEvicted(pod)))
  const running = leaving.filter(pod => !hasEnded(pod) && !pod.isEnding)
  return {
    pods: leaving.map(nameOf),
    blockers: blockersOf(running, budgets),
    unmanaged: force ? [] : running.filter(({ controller }) => controller === '').map(nameOf),
    withData: deleteEmptyDirData ? [] : running.filter(({ hasEmptyDir }) => hasEmptyDir).map(nameOf),
  }
}

function isEvicted({ isStatic, controller }: PodRow): boolean {
  return !isStatic && controller !== 'DaemonSet'
}

// Such a pod is deleted whatever it is, and no budget keeps it.
function hasEnded({ phase, isStatic }: PodRow): boolean {
  return !isStatic && (phase === 'Succeeded' || phase === 'Failed')
}

// Budgets are grouped by namespace, because a cluster has many of them.
function blockersOf(pods: readonly PodRow[], budgets: readonly BudgetRow[]): readonly string[] {
  const byNamespace = Map.groupBy(budgets, ({ namespace }) => namespace)
  const kept = new Map<string, string[]>()
  for (const pod of pods) {
    const own = (byNamespace.get(pod.namespace) ?? []).filter(({ selector }) => selects(selector, pod.labels))
    const blocker = blockerOf(pod, own)
    if (blocker === undefined) continue
    const names = kept.get(blocker)
    if (names === undefined) kept.set(blocker, [nameOf(pod)])
    else names.push(nameOf(pod))
  }
  return [...kept].map(([blocker, names]) => `${blocker}, keeps ${listed(names)}`)
}

// As the API server decides it (pkg/registry/core/pod/storage/eviction.go).
function blockerOf({ phase, ready }: PodRow, budgets: readonly BudgetRow[]): string | undefined {
  const [budget, ...others] = budgets
  if (budget === undefined || phase === 'Pending') return undefined
  const name = ({ namespace, name: own }: BudgetRow) => `${namespace}/${own}`
  if (others.length > 0)
    return `PodDisruptionBudgets ${budgets.map(name).join(', ')}: with more than one, the API server evicts no pod`
  const { allowed, healthy, needed, policy } = budget
  if (allowed > 0) return undefined
  if (!ready && (policy === 'AlwaysAllow' || (needed > 0 && healthy >= needed))) return undefined
  return `PodDisruptionBudget ${name(budget)}: 0 allowed`
}

function nameOf({ namespace, name }: PodRow): string {
  return `${namespace}/${name}`
}

const mostNamed = 5

/** Some names, not too many, as messages show them. */
export function listed(names: readonly string[]): string {
  return firstOf(names, mostNamed).join(', ')
}
