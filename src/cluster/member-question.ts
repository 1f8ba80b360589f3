import type { ClusterSpec, HostSpec } from '../config/index.ts'
import { etcdPaths } from '../resources/etcd/index.ts'
import { isControlPlane, isEtcdHost } from './nodes.ts'
import type { DistributionProfile, MemberQuestion } from './profile.ts'

const own: MemberQuestion = {
  is: etcdPaths.environment,
  at: "''",
  files: {
    ca: `${etcdPaths.pki}/ca.crt`,
    certificate: `${etcdPaths.pki}/server.crt`,
    key: `${etcdPaths.pki}/server.key`,
  },
}

/** How the member of etcd on a host is reached; undefined if this host has none by the cluster file. */
export function memberQuestion(
  { etcd }: ClusterSpec,
  { health }: Pick<DistributionProfile, 'health'>,
  host: HostSpec,
): MemberQuestion | undefined {
  if (etcd.topology === 'stacked') return isControlPlane(host) ? health.member : undefined
  return etcd.managed && isEtcdHost(host) ? own : undefined
}
