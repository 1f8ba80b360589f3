import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane, isEtcdHost, isNode } from '../../cluster/index.ts'
import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { HostError } from '../../core/index.ts'
import { type ExpiringCertificate, expiringCertificates, expiryNotes } from '../../preflight/index.ts'
import { hostNames } from '../../report/index.ts'
import { type EtcdHealth, etcdHealth } from './etcd-health.ts'
import type { Asked, HealthProblem, HostAnswer, HostAnswers } from './health-answer.ts'

/** The health of one host of the cluster file. Servers that the host should not run are left out. */
export interface HostReport {
  readonly host: string
  /** Name and address, if the host did not answer. */
  readonly where?: string
  /** Why the host did not answer; left out if it did. */
  readonly problem?: string
  readonly kubelet?: Asked
  readonly apiServer?: Asked
  readonly etcd?: Asked
  /** The certificates that expire soon. */
  readonly certificates: readonly ExpiringCertificate[]
}

/** The health of the cluster as its hosts report it. What Kubernetes says of its nodes is not part of it. */
export interface ClusterHealth {
  /** In the order of the cluster file. */
  readonly hosts: readonly HostReport[]
  /** The API servers of the control plane nodes that are set up or do not answer. */
  readonly apiServers: { readonly ready: number; readonly total: number }
  readonly etcd: EtcdHealth
  readonly problems: readonly HealthProblem[]
  /** Warnings about certificates that expire soon, while nothing is wrong yet. */
  readonly notes: readonly HealthProblem[]
}

/**
 * Combines the answers of the hosts. `now`: ms since the epoch. `joined`: the nodes of the cluster, as far as they are
 * known; a server that is not set up on one of them counts as missing. Pure.
 */
export function clusterHealth(
  spec: ClusterSpec,
  answers: HostAnswers,
  now: number,
  joined: ReadonlySet<string> = new Set(),
): ClusterHealth {
  const distribution = distributionOf(spec)
  const hosts = spec.hosts.map(host => hostReport(spec, host, answers.get(host.name), { now, joined }))
  const controlPlane = new Set(spec.hosts.filter(isControlPlane).map(({ name }) => name))
  const apiServers = hosts.filter(({ host, apiServer }) => controlPlane.has(host) && apiServer?.state !== 'absent')
  const etcd = etcdHealth(spec, answers)
  const certificates = new Map(
    [...answers].flatMap(([host, answer]) => (answer instanceof HostError ? [] : [[host, answer.certificates]])),
  )
  const notes = expiryNotes({ spec, distribution }, certificates, now).map(({ hosts: on, expired, text }) => ({
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
    problems: [...restoreProblems(spec, answers), ...hosts.flatMap(serverProblems), ...etcd.problems, ...said(true)],
    notes: said(false),
  }
}

function restoreProblems({ file }: ClusterSpec, answers: HostAnswers): readonly HealthProblem[] {
  const on = [...answers].flatMap(([host, answer]) =>
    answer instanceof HostError || !answer.isRestoring ? [] : [host],
  )
  if (on.length === 0) return []
  const problem = `a restore of etcd was cut off, and apply changes nothing before it is finished: evcctl etcd restore ${file} --from ARCHIVE`
  return [{ where: hostNames(on), problem }]
}

function hostReport(
  spec: ClusterSpec,
  host: HostSpec,
  answer: HostAnswer | HostError | undefined,
  { now, joined }: { readonly now: number; readonly joined: ReadonlySet<string> },
): HostReport {
  const { etcd } = spec
  const { name } = host
  if (answer === undefined || answer instanceof HostError) {
    const { where, problem } = answer?.details ?? { problem: 'it was not asked' }
    return { host: name, ...(where === undefined ? {} : { where }), problem, certificates: [] }
  }
  const { kubelet, apiServer, etcd: member, certificates } = answer
  const hasMember = etcd.topology === 'stacked' ? isControlPlane(host) : etcd.managed && isEtcdHost(host)
  const isJoined = joined.has(name)
  // A kubelet that is set up runs the static pods of its manifests. On a control plane node these manifests must exist.
  const runsManifests = isJoined || kubelet.state === 'ok' || kubelet.state === 'failed'
  return {
    host: name,
    ...(isNode(host) ? { kubelet: missing(kubelet, isJoined) } : {}),
    ...(isControlPlane(host) ? { apiServer: missing(apiServer, runsManifests) } : {}),
    ...(hasMember ? { etcd: missing(member, etcd.topology === 'stacked' && runsManifests) } : {}),
    certificates: expiringCertificates(distributionOf(spec), certificates, now),
  }
}

function missing(asked: Asked, isMissing: boolean): Asked {
  return asked.state === 'absent' && isMissing ? { state: 'failed', said: 'it is not set up there any more' } : asked
}

// A server is absent only on a host that has not joined. The list of nodes says that already.
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
