import {
  type ClusterSpec,
  type DistributionPorts,
  etcdPorts,
  type HostFacts,
  type HostSpec,
  isControlPlane,
  isEtcdHost,
  isNode,
  type UsedPort,
} from '../index.ts'
import { getsFirstEtcd } from './etcd.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isOrWasBegun } from './node.ts'

/** TCP ports of the parts of a node, and the processes that may listen there. Linux cuts process names after 15 characters. */
function neededPorts(
  spec: ClusterSpec,
  host: HostSpec,
  { ofNodes, ofServers }: DistributionPorts,
): readonly UsedPort[] {
  const etcd = Object.values(etcdPorts).map(port => ({ port, owner: 'etcd' }))
  const hasEtcd = spec.etcd.topology === 'stacked' ? isControlPlane(host) : isEtcdHost(host)
  if (!isNode(host)) return etcd
  const { endpoint, localProxy, localProxyPort } = spec.controlPlane
  return [
    ...(hasEtcd ? etcd : []),
    ...ofNodes,
    ...(endpoint === undefined ? [{ port: localProxyPort, owner: localProxy }] : []),
    ...(isControlPlane(host) ? ofServers : []),
  ]
}

/**
 * Finds ports that something else uses. On a host that is a node already, the cluster itself uses them, so only the ports
 * of an etcd that evcctl has not started yet are checked.
 */
export function* portChecks(
  { spec, distribution }: CheckedCluster,
  host: HostSpec,
  facts: HostFacts,
): Iterable<Finding> {
  const noEtcdYet = isEtcdHost(host) ? getsFirstEtcd(spec, host, facts) : !isOrWasBegun(facts)
  const stands = facts.kubernetes.kubeletConf || facts.kubernetes.adminConf
  for (const { port, owner } of neededPorts(spec, host, distribution.ports(spec))) {
    const isEtcd = owner === 'etcd'
    if (stands && !(isEtcd && noEtcdYet)) continue
    const taken = facts.listening.find(
      socket =>
        socket.port === port &&
        (isEtcd ? noEtcdYet || !isEtcdOrUnknown(socket.process) : !isOwner(socket.process, owner)),
    )
    if (taken === undefined) continue
    yield finding('ports', host, {
      problem: `TCP port ${port}, which ${owner} needs, is in use.`,
      expected:
        isEtcd && noEtcdYet ? 'nothing, because evcctl has started no etcd on the host' : `nothing, or ${owner}`,
      actual: `${taken.process || 'an unknown process'} on ${taken.address}`,
      next: `Stop that process. To find it on the host: ss -ltnp sport = :${port}`,
    })
  }
}

function isOwner(process: string, owner: string): boolean {
  return process !== '' && process === owner.slice(0, 15)
}

// Without `ss`, no process is known. If evcctl has started an etcd on the host, the process is taken for that.
function isEtcdOrUnknown(process: string): boolean {
  return process === '' || process === 'etcd'
}
