import { type ClusterSpec, type HostFacts, type HostSpec, isControlPlane, isEtcdHost, isNode } from '../index.ts'
import { getsFirstEtcd } from './etcd.ts'
import { type Finding, finding } from './finding.ts'
import { isOrWasBegun } from './node.ts'

interface NeededPort {
  readonly port: number
  /** What will listen there, and what may already do so. Linux cuts process names after 15 characters. */
  readonly owner: string
}

/** TCP ports that the parts of a node listen on (kubernetes.io, "Ports and Protocols"). */
export function neededPorts(spec: ClusterSpec, host: HostSpec): readonly NeededPort[] {
  const etcd: NeededPort[] = [
    { port: 2379, owner: 'etcd' },
    { port: 2380, owner: 'etcd' },
  ]
  const hasEtcd = spec.etcd.topology === 'stacked' ? isControlPlane(host) : isEtcdHost(host)
  if (!isNode(host)) return etcd
  const ports: NeededPort[] = [
    ...(hasEtcd ? etcd : []),
    { port: 10250, owner: 'kubelet' },
    { port: 10249, owner: 'kube-proxy' },
    { port: 10256, owner: 'kube-proxy' },
  ]
  const { endpoint, localProxy, localProxyPort } = spec.controlPlane
  if (endpoint === undefined) ports.push({ port: localProxyPort, owner: localProxy })
  if (isControlPlane(host)) {
    ports.push(
      { port: spec.controlPlane.bindPort, owner: 'kube-apiserver' },
      { port: 10257, owner: 'kube-controller-manager' },
      { port: 10259, owner: 'kube-scheduler' },
    )
  }
  return ports
}

/** Ports that something else has taken. A host that is a node already has them taken by the cluster itself. */
export function* portChecks(spec: ClusterSpec, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  const noEtcdYet = isEtcdHost(host) ? getsFirstEtcd(spec, host, facts) : !isOrWasBegun(facts)
  const stands = facts.kubernetes.kubeletConf || facts.kubernetes.adminConf
  for (const { port, owner } of neededPorts(spec, host)) {
    const isEtcd = owner === 'etcd'
    if (stands && !(isEtcd && noEtcdYet)) continue
    const taken = facts.listening.find(
      socket =>
        socket.port === port &&
        (isEtcd ? noEtcdYet || !isEtcdOrUnknown(socket.process) : !isOwner(socket.process, owner)),
    )
    if (taken === undefined) continue
    yield finding('ports', host, {
      problem: `TCP port ${port}, which ${owner} needs, is taken.`,
      expected: isEtcd && noEtcdYet ? 'nothing: evcctl has started no etcd there' : `nothing, or ${owner}`,
      actual: `${taken.process || 'an unknown process'} on ${taken.address}`,
      next: `Stop it: ss -ltnp sport = :${port} on the host shows what it is.`,
    })
  }
}

function isOwner(process: string, owner: string): boolean {
  return process !== '' && process === owner.slice(0, 15)
}

// Without `ss` no process is known; where evcctl has started an etcd, it is that.
function isEtcdOrUnknown(process: string): boolean {
  return process === '' || process === 'etcd'
}
