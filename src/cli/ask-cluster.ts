import type { ClusterSpec } from '../config/index.ts'
import { HostError, type ProbeResult } from '../core/index.ts'
import { createPool } from '../ssh/index.ts'
import { listenForInterrupts } from './interrupts.ts'
import { openCluster } from './open-cluster.ts'

/** What a control plane node answered to a few read-only scripts, in one exchange. */
export interface ClusterAnswers {
  readonly spec: ClusterSpec
  /** The host that was asked. */
  readonly host: ClusterSpec['hosts'][number]
  readonly results: readonly ProbeResult[]
}

const isControlPlane = { script: '[ -s /etc/kubernetes/admin.conf ]', parse: () => undefined }

/**
 * Runs read-only scripts as root on the first control plane node of cluster.yaml that has a cluster. Those after it are
 * only asked when it cannot be reached or has none. Where no host has one, the answers are those of the first that
 * answered. Rejects with the HostError of the first when none answered.
 */
export async function askCluster(file: string, scripts: readonly string[]): Promise<ClusterAnswers> {
  const { spec, targets } = await openCluster(file)
  const hosts = spec.hosts.filter(host => host.roles.includes('control-plane'))
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end it at once.
  const signal = interrupts.stop
  await using pool = createPool(targets.filter(target => hosts.some(({ name }) => name === target.name)))
  const probes = [isControlPlane, ...scripts.map(script => ({ script, parse: () => undefined }))]
  const failures: unknown[] = []
  let answered: ClusterAnswers | undefined
  for (const host of hosts) {
    try {
      const session = await pool.session(host.name, signal)
      const [found, ...results] = (await session.exchange({ jobs: [], probes }, { signal })).results
      if (found?.exitCode === 0) return { spec, host, results }
      answered ??= { spec, host, results }
    } catch (error) {
      if (signal.aborted)
        throw new HostError(host.name, 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
      if (!(error instanceof HostError)) throw error
      failures.push(error)
    }
  }
  if (answered !== undefined) return answered
  throw failures[0]
}
