import { distributionOf } from '../../../distributions/index.ts'
import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import { HostError, type Probe, type ProbeResult, probeTimedOut, probeTooLong, type SshPool } from '../../core/index.ts'
import { sizeText, statusLimits, surveyBytes } from '../../core/limits.ts'
import { certificatesScript } from '../../facts/index.ts'
import { unlessAborted } from '../run/unless-aborted.ts'
import type { HostAnswers } from './health-answer.ts'
import { type HostAnswer, readHostAnswer } from './health-answer.ts'
import { healthScript } from './health-probe.ts'

interface Asking {
  /** Aborting it ends the waiting: hosts without an answer are then reported as silent. */
  readonly signal: AbortSignal
  /** How long to wait for the answer of a connected host, ms. */
  readonly answerMs: number
}

/**
 * Asks every host of the cluster file about its own part of the cluster, all at once, in one read-only exchange each. The
 * result has an answer or a HostError for each host, whatever the others do. Rejects only with errors that no host caused.
 */
export async function askHealth(
  pool: Pick<SshPool, 'session'>,
  spec: ClusterSpec,
  asking: Asking,
): Promise<HostAnswers> {
  const answers = new Map<string, HostAnswer | HostError>()
  await Promise.all(
    spec.hosts.map(async host => {
      const answer = await askHost(pool, spec, host, asking).catch((error: unknown) => {
        if (error instanceof HostError) return error
        throw error
      })
      answers.set(host.name, answer)
    }),
  )
  return answers
}

async function askHost(
  pool: Pick<SshPool, 'session'>,
  spec: ClusterSpec,
  host: HostSpec,
  { signal, answerMs }: Asking,
): Promise<HostAnswer> {
  const ended = new AbortController()
  const within = AbortSignal.any([signal, ended.signal])
  const late = (problem: string) =>
    new HostError(host.name, 'timed out', {
      where: host.name,
      problem,
      next: 'Look what hangs there, e.g. with: ps -ef --forest',
    })
  try {
    const session = await unlessAborted(pool.session(host.name, within), signal, () =>
      late('it could not be connected to in time'),
    )
    // Nobody waits for a script that hangs on a host: the host itself ends it.
    using patience = new Countdown(answerMs)
    const answer = unlessAborted(
      session.exchange({ jobs: [], probes: probesOf(spec, host) }, { signal: within }),
      signal,
      () => late('it is connected and has not answered in time'),
    )
    const reply = await unlessAborted(answer, patience.signal, () =>
      late(`it is connected and has not answered within ${answerMs / 1000} s`),
    )
    const [health, certificates] = reply.results
    if (health!.exitCode === probeTimedOut) throw late('it has not answered in time; what it was asked was ended there')
    if (reply.results.some(({ exitCode }) => exitCode === probeTooLong))
      throw new HostError(host.name, 'protocol', {
        where: host.name,
        problem: 'it answered with more than is read of it',
        expected: `at most ${sizeText(surveyBytes)} a question`,
      })
    return readHostAnswer(health!, certificates!)
  } finally {
    ended.abort()
  }
}

const asIs = (raw: ProbeResult) => raw

function probesOf(spec: ClusterSpec, host: HostSpec): readonly Probe<ProbeResult>[] {
  const timeoutMs = statusLimits.answerMs
  return [healthScript(spec, host), certificatesScript(distributionOf(spec).facts)].map(script => ({
    script,
    timeoutMs,
    maxBytes: surveyBytes,
    parse: asIs,
  }))
}
