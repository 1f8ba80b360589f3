import { once } from 'node:events'
import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import {
  type ErrorDetails,
  HostError,
  type ProbeResult,
  probeTimedOut,
  probeTooLong,
  type Session,
  type SshPool,
} from '../../core/index.ts'
import { askingProbeMs, listBytes, sizeText } from '../../core/limits.ts'
import type { ApiAccess } from '../../resources/api/index.ts'

/** The answer of a control plane node of cluster.yaml, and which nodes before it have not answered. */
export interface ControlPlaneAnswer {
  readonly host: ClusterSpec['hosts'][number]
  readonly session: Session
  /** One for each script. */
  readonly results: readonly ProbeResult[]
  /** Whether the cluster is set up on the host. False only if that is so for every host that answered. */
  readonly hasCluster: boolean
  /** The hosts before this one that have not answered, each with the reason known so far. */
  readonly silent: ReadonlyMap<string, ErrorDetails>
}

interface Asking {
  readonly signal: AbortSignal
  /**
   * How long to wait for a connection before the next node is asked as well, ms; default 3000. A machine that is off is
   * silent until the connection times out, and the user should not have to wait for that.
   */
  readonly connectMs?: number
  /** How long to wait for the answer of a connected node, ms; default 15000, because the node may only be slow. */
  readonly answerMs?: number
}

const hasClusterProbe = ({ adminConf }: ApiAccess) => ({ script: `[ -s ${adminConf} ]`, parse: () => undefined })

/**
 * Runs read-only scripts as root on the first control plane node of cluster.yaml on which the cluster is set up, in one
 * exchange. The next node is asked as well if one cannot be reached, has no cluster, or is silent for a while. If no node
 * has a cluster, the answer is that of the first node that answered. Rejects with the HostError of the first node if none
 * answered.
 */
export async function askControlPlane(
  pool: Pick<SshPool, 'session'>,
  spec: ClusterSpec,
  scripts: readonly string[],
  { signal, connectMs = 3000, answerMs = 15_000 }: Asking,
): Promise<ControlPlaneAnswer> {
  const { api } = distributionOf(spec)
  const hosts = spec.hosts.filter(isControlPlane)
  const probes = [
    hasClusterProbe(api),
    ...scripts.map(script => ({ script, timeoutMs: askingProbeMs, maxBytes: listBytes, parse: () => undefined })),
  ]
  const failures = new Map<string, HostError>()
  const answers: Omit<ControlPlaneAnswer, 'silent'>[] = []
  const connected = new Set<string>()
  const found = Promise.withResolvers<Omit<ControlPlaneAnswer, 'silent'>>()

  const ask = async (host: ClusterSpec['hosts'][number]): Promise<void> => {
    try {
      const session = await pool.session(host.name, signal)
      connected.add(host.name)
      const [cluster, ...results] = (await session.exchange({ jobs: [], probes }, { signal })).results
      if ([cluster, ...results].some(one => one?.exitCode === probeTimedOut)) throw late(host)
      if ([cluster, ...results].some(one => one?.exitCode === probeTooLong)) throw tooLong(host, api)
      const answer = { host, session, results, hasCluster: cluster?.exitCode === 0 }
      answers.push(answer)
      if (answer.hasCluster) found.resolve(answer)
    } catch (error) {
      if (error instanceof HostError) failures.set(host.name, error)
      else found.reject(error)
    }
  }

  const silent = async (host: string, asking: AbortSignal): Promise<void> => {
    await passed(connectMs, asking)
    if (connected.has(host)) await passed(answerMs, asking)
  }

  const asked: Promise<void>[] = []
  for (const host of hosts) {
    if (answers.some(answer => answer.hasCluster)) break
    const answered = ask(host)
    asked.push(answered)
    const next = new AbortController()
    await Promise.race([found.promise, answered, silent(host.name, next.signal)])
    next.abort()
  }
  await Promise.race([found.promise, Promise.all(asked)])

  const answer = answers.find(one => one.hasCluster) ?? answers[0]
  if (answer === undefined) throw failures.get(hosts[0]!.name)!
  const before = hosts.slice(0, hosts.indexOf(answer.host)).filter(host => answers.every(one => one.host !== host))
  const noAnswerYet = { problem: 'it has not answered yet' }
  return { ...answer, silent: new Map(before.map(({ name }) => [name, failures.get(name)?.details ?? noAnswerYet])) }
}

// Time during which this machine is suspended does not count, or every node would seem silent afterwards.
async function passed(ms: number, stop: AbortSignal): Promise<void> {
  using time = new Countdown(ms)
  const end = AbortSignal.any([stop, time.signal])
  if (!end.aborted) await once(end, 'abort')
}

function late({ name }: ClusterSpec['hosts'][number]): HostError {
  return new HostError(name, 'timed out', {
    where: name,
    problem: 'it did not answer in time; what it was asked was ended',
    expected: `an answer within ${askingProbeMs / 1000} s`,
    next: 'Look what hangs there, e.g. with: ps -ef --forest',
  })
}

function tooLong({ name }: ClusterSpec['hosts'][number], { adminConf }: ApiAccess): HostError {
  return new HostError(name, 'protocol', {
    where: name,
    problem: 'it answered with more than is read of it',
    expected: `at most ${sizeText(listBytes)} a question`,
    next: `Ask it yourself, on ${name}: kubectl --kubeconfig ${adminConf} get nodes | wc`,
  })
}
