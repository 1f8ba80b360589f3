import { type Machine, type MinorOnTheWay, workerBatches } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { count } from '../../report/index.ts'
import type { UpgradeReport } from '../../report/upgrade-report.ts'

/**
 * Seconds that a node takes, measured on container hosts with two cores, from 1.35.8 to 1.36.4: static pods, kubelet and its
 * proof, cordon and drain of pods that end at once. `minor`: static pods alone, on the way from 1.35.8 to 1.37.2.
 */
const measured = { server: 35, worker: 15, drain: 10, minor: 15 } as const

/**
 * How long the nodes take one after the other, in their batches. Downloads, and pods that end slowly, are not in it. `way`: the
 * minors that nodes pass through.
 */
export function expectedTime(
  { rollout }: Pick<ClusterSpec, 'rollout'>,
  changing: readonly Machine[],
  { isDrained, way }: { readonly isDrained: boolean; readonly way: readonly MinorOnTheWay[] },
): UpgradeReport['expected'] {
  const isServer = ({ host }: Machine) => host.roles.includes('control-plane')
  const servers = changing.filter(isServer).length
  const workers = changing.filter(machine => !isServer(machine)).map(({ host }) => host)
  const batches = workerBatches(rollout, workers).length
  const drain = isDrained ? measured.drain : 0
  const passes = way.reduce((sum, { behind }) => sum + behind.length, 0)
  const seconds = passes * measured.minor + servers * (measured.server + drain) + batches * (measured.worker + drain)
  const parts = [
    ...(passes === 0 ? [] : [`${count(passes, 'step')} of ${measured.minor} s through minors on the way`]),
    ...(servers === 0 ? [] : [`${count(servers, 'control plane node')} of ${measured.server + drain} s`]),
    ...(batches === 0 ? [] : [`${count(batches, 'batch', 'batches')} of workers of ${measured.worker + drain} s`]),
  ]
  const basis = `${parts.join(', ')}, as measured on a machine with two cores; downloads, and pods that end slowly, come on top`
  return { ms: seconds * 1000, basis }
}
