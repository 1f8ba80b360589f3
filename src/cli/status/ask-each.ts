import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import { HostError, type ProbeResult, probeTimedOut, probeTooLong, type SshPool } from '../../core/index.ts'
import { sizeText, surveyBytes } from '../../core/limits.ts'
import { unlessAborted } from '../run/unless-aborted.ts'

interface Asking<T> {
  /** Aborting it ends the waiting: hosts without an answer are then reported as silent. */
  readonly signal: AbortSignal
  /** How long to wait for the answer of a connected host, ms; the host itself ends a script that takes longer. */
  readonly answerMs: number
  /** The read-only scripts for a host. */
  scripts(host: HostSpec): readonly string[]
  /** Reads what they printed, one result for each script. It never throws. */
  read(results: readonly ProbeResult[]): T
}

/**
 * Asks hosts, all at once, in one read-only exchange each. The result has an answer or a HostError for each host, whatever
 * the others do. Rejects only with errors that no host caused.
 */
export async function askEach<T>(
  pool: Pick<SshPool, 'session'>,
  hosts: ClusterSpec['hosts'],
  asking: Asking<T>,
): Promise<ReadonlyMap<string, T | HostError>> {
  const answers = new Map<string, T | HostError>()
  await Promise.all(
    hosts.map(async host => {
      const answer = await askHost(pool, host, asking).catch((error: unknown) => {
        if (error instanceof HostError) return error
        throw error
      })
      answers.set(host.name, answer)
    }),
  )
  return answers
}

async function askHost<T>(
  pool: Pick<SshPool, 'session'>,
  host: HostSpec,
  { signal, answerMs, scripts, read }: Asking<T>,
): Promise<T> {
  const ended = new AbortController()
  const within = AbortSignal.any([signal, ended.signal])
  const late = (problem: string) =>
    new HostError(host.name, 'timed out', {
      where: host.name,
      problem,
      next: 'Look what hangs there, e.g. with: ps -ef --forest',
    })
  const probes = scripts(host).map(script => ({
    script,
    timeoutMs: answerMs,
    maxBytes: surveyBytes,
    parse: (raw: ProbeResult) => raw,
  }))
  try {
    const session = await unlessAborted(pool.session(host.name, within), signal, () =>
      late('it could not be connected to in time'),
    )
    // Nobody waits for a script that hangs on a host: the host itself ends it.
    using patience = new Countdown(answerMs)
    const answer = unlessAborted(session.exchange({ jobs: [], probes }, { signal: within }), signal, () =>
      late('it is connected and has not answered in time'),
    )
    const { results } = await unlessAborted(answer, patience.signal, () =>
      late(`it is connected and has not answered within ${answerMs / 1000} s`),
    )
    if (results[0]!.exitCode === probeTimedOut)
      throw late('it has not answered in time; what it was asked was ended there')
    if (results.some(({ exitCode }) => exitCode === probeTooLong))
      throw new HostError(host.name, 'protocol', {
        where: host.name,
        problem: 'it answered with more than is read of it',
        expected: `at most ${sizeText(surveyBytes)} a question`,
      })
    return read(results)
  } finally {
    ended.abort()
  }
}
