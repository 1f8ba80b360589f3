import { distributionOf } from '../../../distributions/index.ts'
import type { Distribution } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ErrorDetails, HostError, type ProbeResult } from '../../core/index.ts'
import type { ApiAccess } from '../../resources/api/index.ts'
import { createPool } from '../../ssh/index.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { askControlPlane } from './ask-control-plane.ts'

/** The answers of a control plane node to a few read-only scripts, given in one exchange. */
export interface ClusterAnswers {
  readonly spec: ClusterSpec
  readonly distribution: Distribution
  /** The host that was asked. */
  readonly host: ClusterSpec['hosts'][number]
  readonly results: readonly ProbeResult[]
  /** The control plane nodes that were asked before that host and have not answered, each with the reason known so far. */
  readonly silent: ReadonlyMap<string, ErrorDetails>
}

/**
 * Opens the cluster file and runs read-only scripts as root on a control plane node on which the cluster is set up;
 * `askControlPlane` finds it. If there is no such node, the answers come from the first one that answered. Rejects with
 * the HostError of the first control plane node if none answered.
 */
export async function askCluster(
  file: string,
  scripts: (api: ApiAccess) => readonly string[],
): Promise<ClusterAnswers> {
  const { spec, targets } = await openCluster(file)
  const distribution = distributionOf(spec)
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end the command at once.
  const signal = interrupts.stop
  await using pool = createPool(targets)
  try {
    const { host, results, silent } = await askControlPlane(pool, spec, scripts(distribution.api), { signal })
    return { spec, distribution, host, results, silent }
  } catch (error) {
    if (!signal.aborted) throw error
    throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
  }
}
