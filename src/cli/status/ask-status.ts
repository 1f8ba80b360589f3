import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import { type ErrorDetails, HostError, type ProbeResult, type SshPool, type SshTarget } from '../../core/index.ts'
import { statusLimits } from '../../core/limits.ts'
import { createPool, type PoolOptions } from '../../ssh/index.ts'
import { unlessAborted } from '../run/unless-aborted.ts'
import { askControlPlane } from './ask-control-plane.ts'
import { askHealth } from './ask-health.ts'
import { statusScripts } from './cluster-status.ts'
import type { HostAnswers } from './health-answer.ts'

/** The answers that `evcctl status` got from the cluster and from each host. */
export interface StatusAnswers {
  /** One for each of statusScripts. */
  readonly results: readonly ProbeResult[]
  /** The control plane node that gave the results; undefined if none did in time. */
  readonly asked: string | undefined
  /** The control plane nodes before it that gave none, each with the reason known so far. */
  readonly silent: ReadonlyMap<string, ErrorDetails>
  readonly hosts: HostAnswers
}

/**
 * Asks all hosts of the cluster file at once, and also one API server for the lists that only the cluster knows. The long
 * lists of a large cluster are read only once, from the first control plane node that answers, over a connection that is
 * needed anyway. Ends within statusLimits.totalMs for each 64 hosts. Rejects with the HostError of the first control
 * plane node if none of them answers, and as soon as `stop` is aborted.
 */
export async function askStatus(
  spec: ClusterSpec,
  targets: readonly SshTarget[],
  stop: AbortSignal,
  options: PoolOptions = {},
): Promise<StatusAnswers> {
  const { connectMs, answerMs, handshakes, totalMs } = statusLimits
  const hurried = targets.map(target => ({ ...target, connectTimeoutMs: Math.min(target.connectTimeoutMs, connectMs) }))
  await using pool = createPool(hurried, { maxHandshakes: handshakes, ...options })
  using over = new Countdown(totalMs * Math.ceil(targets.length / handshakes))
  const signal = AbortSignal.any([stop, over.signal])
  // The lists are requested first, so that a control plane node is connected before hundreds of workers.
  const lists = askLists(pool, spec, signal)
  const [given, hosts] = await Promise.all([lists, askHealth(pool, spec, { signal, answerMs })])
  if (stop.aborted) throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' })
  if (!(given instanceof HostError)) return { ...given, hosts }
  const controlPlane = spec.hosts.filter(isControlPlane)
  const failures = controlPlane.flatMap(({ name }) => {
    const answer = hosts.get(name)
    return answer instanceof HostError ? [answer] : []
  })
  if (failures.length === controlPlane.length) throw failures[0]!
  const results = statusScripts(distributionOf(spec).api, spec.hosts.length).map(() => ({
    exitCode: 1,
    stdout: '',
    stderr: given.details.problem,
  }))
  return { results, asked: undefined, silent: new Map(), hosts }
}

async function askLists(
  pool: Pick<SshPool, 'session'>,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<Omit<StatusAnswers, 'hosts'> | HostError> {
  try {
    const { nextMs: connectMs, nextAnswerMs: answerMs } = statusLimits
    const scripts = statusScripts(distributionOf(spec).api, spec.hosts.length)
    const answer = await askControlPlane(prompt(pool, signal), spec, scripts, { signal, connectMs, answerMs })
    return { results: answer.results, asked: answer.host.name, silent: answer.silent }
  } catch (error) {
    if (error instanceof HostError) return error
    throw error
  }
}

// An aborted exchange waits until its commands on the host have ended. Status only reads, so it does not wait for that.
function prompt(pool: Pick<SshPool, 'session'>, signal: AbortSignal): Pick<SshPool, 'session'> {
  return {
    async session(name, aborted) {
      const session = await pool.session(name, aborted)
      const late = () =>
        new HostError(name, 'timed out', { where: name, problem: 'it has not given the list of nodes in time' })
      return {
        host: name,
        exchange: (request, options) => unlessAborted(session.exchange(request, options), signal, late),
      }
    },
  }
}
