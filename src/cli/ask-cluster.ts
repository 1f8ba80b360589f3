import type { ClusterSpec } from '../config/index.ts'
import { HostError, type ProbeResult } from '../core/index.ts'
import { createPool } from '../ssh/index.ts'
import { listenForInterrupts } from './interrupts.ts'
import { firstControlPlaneNode, openCluster } from './open-cluster.ts'

/** What the first control plane node answered to a few read-only scripts, in one exchange. */
export interface ClusterAnswers {
  readonly spec: ClusterSpec
  /** Name of the host that was asked. */
  readonly host: string
  readonly results: readonly ProbeResult[]
}

/** Runs read-only scripts as root on the first control plane node. Rejects with HostError. */
export async function askCluster(file: string, scripts: readonly string[]): Promise<ClusterAnswers> {
  const { spec, targets } = await openCluster(file)
  const host = firstControlPlaneNode(spec).name
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end it at once.
  const signal = interrupts.stop
  try {
    await using pool = createPool(targets.filter(target => target.name === host))
    const session = await pool.session(host, signal)
    const probes = scripts.map(script => ({ script, parse: () => undefined }))
    const { results } = await session.exchange({ jobs: [], probes }, { signal })
    return { spec, host, results }
  } catch (error) {
    if (!signal.aborted) throw error
    throw new HostError(host, 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
  }
}
