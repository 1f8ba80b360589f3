import type { GateSpec, HostSpec, RolloutGroupSpec, RolloutSpec } from '../config/index.ts'
import { type Batches, batchesOf, nodesIn } from '../core/index.ts'
import { isControlPlane } from './nodes.ts'

type Worker = Pick<HostSpec, 'name' | 'labels'>

/** The first group of spec.rollout.groups whose labels a worker has all in cluster.yaml; undefined: none. */
function groupOf({ groups }: Pick<RolloutSpec, 'groups'>, { labels }: Worker): RolloutGroupSpec | undefined {
  return groups.find(group => Object.entries(group.labels).every(([key, value]) => labels[key] === value))
}

/**
 * The batches in which workers change: group after group in the order of spec.rollout.groups, last the workers of no group, each
 * of them with one node first. `sizes`: the workers that spec.rollout.maxUnavailable is a share of. Default: the same. Pure.
 */
export function workerBatches(
  rollout: RolloutSpec,
  workers: readonly Worker[],
  sizes: readonly Worker[] = workers,
): Batches {
  return [...rollout.groups, undefined].flatMap(group => {
    const isIn = (worker: Worker) => groupOf(rollout, worker) === group
    const share = group?.maxUnavailable ?? rollout.maxUnavailable
    const names = workers.filter(isIn).map(({ name }) => name)
    return batchesOf(names, { maxUnavailable: nodesIn(share, sizes.filter(isIn).length) })
  })
}

/** The user's command that decides, when these nodes of one batch are well, whether the next batch changes; undefined: none. */
export function gateAfter(
  { rollout, hosts }: { readonly rollout: RolloutSpec; readonly hosts: readonly HostSpec[] },
  batch: readonly string[],
): GateSpec | undefined {
  const worker = hosts.find(host => batch.includes(host.name) && !isControlPlane(host))
  return (worker && groupOf(rollout, worker)?.gate) ?? rollout.gate
}
