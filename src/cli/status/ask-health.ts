import { distributionOf } from '../../../distributions/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import type { SshPool } from '../../core/index.ts'
import { certificatesScript } from '../../facts/index.ts'
import { restoreProbe } from '../../resources/etcd/index.ts'
import { askEach } from './ask-each.ts'
import { type HostAnswers, readHostAnswer } from './health-answer.ts'
import { healthScript } from './health-probe.ts'

interface Asking {
  /** Aborting it ends the waiting: hosts without an answer are then reported as silent. */
  readonly signal: AbortSignal
  /** How long to wait for the answer of a connected host, ms. */
  readonly answerMs: number
}

/** Asks every host of the cluster file about its own part of the cluster; see askEach(). */
export async function askHealth(
  pool: Pick<SshPool, 'session'>,
  spec: ClusterSpec,
  asking: Asking,
): Promise<HostAnswers> {
  return askEach(pool, spec.hosts, {
    ...asking,
    scripts: host => [healthScript(spec, host), certificatesScript(distributionOf(spec).facts), restoreProbe.script],
    read: ([health, certificates, restore]) => readHostAnswer(health!, certificates!, restore),
  })
}
