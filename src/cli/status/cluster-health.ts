import { isControlPlane, isEtcdHost, isNode } from '../../cluster/index.ts'
import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { HostError } from '../../core/index.ts'
import { type ExpiringCertificate, expiringCertificates, expiryNotes } from '../../preflight/index.ts'
import { hostNames } from '../../report/index.ts'
import { type EtcdHealth, etcdHealth } from './etcd-health.ts'
import type { Asked, HealthProblem, HostAnswer, HostAnswers } from './health-answer.ts'

/** One host of the cluster file. A server that it should not have is left out. */
export interface HostReport {
  readonly host: string
  /** Name and address, where it did not answer. */
  readonly where?: string
  /** Why it did not answer; left out where it did. */
  readonly problem?: string
  readonly kubelet?: Asked
  readonly apiServer?: Asked
  readonly etcd?: Asked
  /** Those that expire soon. */
  readonly certificates: readonly ExpiringCertificate[]
}

/** What the hosts themselves say, apart from what Kubernetes says of its nodes. */
export interface ClusterHealth {
  /** In the order of the file. */
  readonly hosts: readonly HostReport[]
  /** Of the control plane nodes that are set up, or do not answer. */
  readonly apiServers: { readonly ready: number; readonly total: number }
  readonly etcd: EtcdHealth
  readonly problems: readonly HealthProblem[]
  /** About certificates that expire soon: nothing is wrong yet. */
  readonly notes: readonly HealthProblem[]
}

/**
 * Puts together what the hosts said of themselves. `now`: ms since the epoch. `joined`: the nodes of the cluster, as far as
 * they are known: there, what is not set up is missing. Pure.
 */
export function clusterHealth(
  spec: ClusterSpec,
  answers: HostAnswers,
  now: number,
  joined: ReadonlySet<string> = new Set(),
): ClusterHealth {
  const hosts = spec.hosts.map(host => hostReport(spec, host, answers.get(host.name), { now, joined }))
  const controlPlane = new Set(spec.hosts.filter(isControlPlane).map(({ name }) => name))
  const apiServers = hosts.filter(({ host, apiServer }) => controlPlane.has(host) && apiServer?.state !== 'absent')
  const etcd = etcdHealth(spec, answers)
  const certificates = new Map(
    [...answers].flatMap(([host, answer]) => (answer instanceof HostError ? [] : [[host, answer.certificates]])),
  )
  const notes = expiryNotes(spec, certificates, now).map(({ hosts: on, expired, text }) => ({
    where: hostNames(on),
    problem: text,
    expired,
  }))
  const said = (expired: boolean) =>
    notes.filter(note => note.expired === expired).map(({ where, problem }) => ({ where, problem }))
  return {
    hosts,
    apiServers: {
      ready: apiServers.filter(({ apiServer }) => apiServer?.state === 'ok').length,
      total: apiServers.length,
    },
    etcd: etcd.health,
    problems: [...hosts.flatMap(serverProblems), ...etcd.problems, ...said(true)],
    notes: said(false),
  }
}

function hostReport(
  { etcd }: ClusterSpec,
  host: HostSpec,
  answer: HostAnswer | HostError | undefined,
  { now, joined }: { readonly now: number; readonly joined: ReadonlySet<string> },
): HostReport {
  const { name } = host
  if (answer === undefined || answer instanceof HostError) {
    const { where, problem } = answer?.details ?? { problem: 'it was not asked' }
    return { host: name, ...(where === undefined ? {} : { where }), problem, certificates: [] }
  }
  const { kubelet, apiServer, etcd: member, certificates } = answer
  const hasMember = etcd.topology === 'stacked' ? isControlPlane(host) : etcd.managed && isEtcdHost(host)
  const isJoined = joined.has(name)
  // A kubelet that is set up runs the manifests that there are, and on a control plane node there have to be these.
  const runsManifests = isJoined || kubelet.state === 'ok' || kubelet.state === 'failed'
  return {
    host: name,
    ...(isNode(host) ? { kubelet: missing(kubelet, isJoined) } : {}),
    ...(isControlPlane(host) ? { apiServer: missing(apiServer, runsManifests) } : {}),
    ...(hasMember ? { etcd: missing(member, etcd.topology === 'stacked' && runsManifests) } : {}),
    certificates: expiringCertificates(certificates, now),
  }
}

function missing(asked: Asked, isMissing: boolean): Asked {
  return asked.state === 'absent' && isMissing ? { state: 'failed', said: 'it is not set up there any more' } : asked
}

// What is absent belongs to a host that has not joined: that is told of the node.
function serverProblems({ host, kubelet, apiServer, etcd }: HostReport): readonly HealthProblem[] {
  const servers = [
    ['kubelet', kubelet],
    ['API server', apiServer],
    ['member of etcd', etcd],
  ] as const
  return servers.flatMap(([server, asked]) => {
    if (asked === undefined || asked.state === 'ok' || asked.state === 'absent') return []
    const problem = asked.state === 'failed' ? 'is not healthy' : 'could not be asked'
    return [{ where: host, problem: `its ${server} ${problem}: ${asked.said}` }]
  })
}
