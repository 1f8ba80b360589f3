import { isControlPlane, isEtcdHost } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import { exitCodes, HostError, type SshTarget, UserError } from '../../core/index.ts'
import { statusLimits } from '../../core/limits.ts'
import { createPool, type PoolOptions } from '../../ssh/index.ts'
import { askEach } from '../status/ask-each.ts'
import { etcdScript } from '../status/health-probe.ts'
import { type EtcdAnswers, readEtcdAnswer } from './member-answer.ts'

/** The hosts that are asked about etcd: those with a member, or those that know an etcd that somebody else runs. */
export function etcdHosts({ etcd, hosts }: ClusterSpec): ClusterSpec['hosts'] {
  return hosts.filter(etcd.topology === 'external' && etcd.managed ? isEtcdHost : isControlPlane)
}

/** Raises UserError if somebody else runs etcd. `whose`: a sentence on who does this in its place. */
export function refuseForeign({ etcd, file }: ClusterSpec, whose: string): void {
  if (etcd.topology === 'stacked' || etcd.managed) return
  throw new UserError(
    { where: `${file} spec.etcd.endpoints`, problem: `Somebody else runs this etcd. ${whose}` },
    { exitCode: exitCodes.badInput },
  )
}

/**
 * Asks all hosts with a member of etcd about it, at once, in one read-only exchange each. Ends within statusLimits.totalMs.
 * Rejects with the HostError of the first one if none of them answers, and as soon as `stop` is aborted.
 */
export async function askEtcd(
  spec: ClusterSpec,
  targets: readonly SshTarget[],
  stop: AbortSignal,
  options: PoolOptions = {},
): Promise<EtcdAnswers> {
  const { connectMs, answerMs, handshakes, totalMs } = statusLimits
  const hosts = etcdHosts(spec)
  const hurried = targets.map(target => ({ ...target, connectTimeoutMs: Math.min(target.connectTimeoutMs, connectMs) }))
  await using pool = createPool(hurried, { maxHandshakes: handshakes, ...options })
  using over = new Countdown(totalMs)
  const answers = await askEach(pool, hosts, {
    signal: AbortSignal.any([stop, over.signal]),
    answerMs,
    scripts: host => [etcdScript(spec, host)],
    read: ([raw]) => readEtcdAnswer(raw!),
  })
  if (stop.aborted) throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' })
  const errors = [...answers.values()].filter(answer => answer instanceof HostError)
  if (errors.length === answers.size && errors[0] !== undefined) throw errors[0]
  return answers
}
