import { distributionOf } from '../../../distributions/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import { HostError, type ProbeResult, type SshTarget } from '../../core/index.ts'
import { statusLimits } from '../../core/limits.ts'
import { certificatesScript, type FoundCertificate, readCertificates } from '../../facts/index.ts'
import { createPool, type PoolOptions } from '../../ssh/index.ts'
import { askEach } from '../status/ask-each.ts'

/** The certificates of each host of the cluster file, or the error if it did not answer. */
export type CertificateAnswers = ReadonlyMap<string, readonly FoundCertificate[] | HostError>

/**
 * Asks all hosts for their certificates, at once, in one read-only exchange each. Ends within statusLimits.totalMs for each 64
 * hosts. Rejects with the HostError of the first one if none of them answers, and as soon as `stop` is aborted.
 */
export async function askCertificates(
  spec: ClusterSpec,
  targets: readonly SshTarget[],
  stop: AbortSignal,
  options: PoolOptions = {},
): Promise<CertificateAnswers> {
  const { connectMs, answerMs, handshakes, totalMs } = statusLimits
  const { facts, certificates } = distributionOf(spec)
  const script = certificatesScript({ ...facts, certificates: [...facts.certificates, ...certificates.more] })
  const hurried = targets.map(target => ({ ...target, connectTimeoutMs: Math.min(target.connectTimeoutMs, connectMs) }))
  await using pool = createPool(hurried, { maxHandshakes: handshakes, ...options })
  using over = new Countdown(totalMs * Math.ceil(targets.length / handshakes))
  const answers = await askEach(pool, spec.hosts, {
    signal: AbortSignal.any([stop, over.signal]),
    answerMs,
    scripts: () => [script],
    read: ([raw]) => readAnswer(raw!),
  })
  if (stop.aborted) throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' })
  const errors = [...answers.values()].filter(answer => answer instanceof HostError)
  if (errors.length === answers.size && errors[0] !== undefined) throw errors[0]
  return answers
}

/** Reads what a host printed; askEach() bounds its length. It never throws, whatever the text is. */
export function readAnswer({ stdout }: Pick<ProbeResult, 'stdout'>): readonly FoundCertificate[] {
  return readCertificates(stdout.split('\n'))
}
