import {
  type ClusterSpec,
  etcdPorts,
  type HostFacts,
  type HostSpec,
  isControlPlane,
  isEtcdHost,
  isNode,
} from '../src/index.ts'

/** How long etcd may take from the boot of its host until it listens: it comes after the runtime, the kubelet and a static pod. */
const bootMs = 5 * 60_000

/** Whether a host is a node already, of the kind that cluster.yaml says. One that was begun only, or did not answer, is none. */
export function isRunningNode(host: HostSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  const known = facts.get(host.name)
  if (!isNode(host) || known === undefined || known.remains.begun) return false
  return isControlPlane(host) ? known.kubernetes.controlPlane : known.kubernetes.kubeletConf
}

/** Whether a host has been a healthy member of the etcd that has hosts of its own. */
export function isStandingMember(host: HostSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  return isEtcdHost(host) && facts.get(host.name)?.etcd.data === 'formed'
}

/**
 * Whether hosts that have a member of etcd can change one after the other: so few of the members are down that they can have a
 * quorum. Without one no member becomes healthy before others do, and no API server answers: nothing is there to be spared, and
 * each would wait for the next one for ever. A host that is silent here, or was set aside, may be well for the others.
 */
export function canGoOneByOne(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  const stacked = spec.etcd.topology === 'stacked'
  const isMember = stacked ? isControlPlane : isEtcdHost
  const stands = stacked ? isRunningNode : isStandingMember
  const members = spec.hosts.filter(host => isMember(host) && (!facts.has(host.name) || stands(host, facts)))
  return members.filter(host => !facts.has(host.name) || hasMemberRunning(host, facts)).length > members.length / 2
}

/**
 * Whether a host has a member of etcd that serves clients, as far as is known. One that did not answer has none; one that was
 * booted a moment ago counts as having one, since etcd is among the last things to start.
 */
export function hasMemberRunning({ name }: HostSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  const known = facts.get(name)
  if (known === undefined) return false
  if (known.uptimeMs !== undefined && known.uptimeMs < bootMs) return true
  const { listening } = known
  // A host that can be asked listens at least for SSH: where nothing is known of sockets, nothing is known to be down.
  return listening.length === 0 || listening.some(({ port }) => port === etcdPorts.clients)
}
