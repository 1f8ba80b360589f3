import {
  type ClusterSpec,
  etcdPorts,
  type HostFacts,
  type HostSpec,
  type Inventory,
  isControlPlane,
  isEtcdHost,
  isNode,
  type LeavingHost,
  wasCutOff,
} from '../src/index.ts'

/**
 * The longest time until etcd listens, from the boot of its host or from when its manifest was put in its place: it starts
 * after the runtime, the kubelet and a static pod.
 */
const startMs = 5 * 60_000

/**
 * Whether a host is a node already, with the role that cluster.yaml gives it. A host that evcctl only began to make a node,
 * or that did not answer, is none.
 */
export function isRunningNode(host: HostSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  const known = facts.get(host.name)
  if (!isNode(host) || known === undefined || known.remains.begun) return false
  return isControlPlane(host) ? known.kubernetes.controlPlane : known.kubernetes.kubeletConf
}

/** Whether a host has been a healthy member of an etcd on hosts of its own. */
export function isStandingMember(host: HostSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  return isEtcdHost(host) && facts.get(host.name)?.etcd.data === 'formed'
}

/**
 * Whether hosts with a member of etcd can change one after the other, because enough members may run for a quorum. Without
 * a quorum, no member becomes healthy before others do, and no API server answers: there is no service to keep up, and each
 * host would wait for the next one for ever. A host that did not answer, or was set aside, counts as running, because the
 * other hosts may reach it.
 */
export function canGoOneByOne(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): boolean {
  const stacked = spec.etcd.topology === 'stacked'
  const isMember = stacked ? isControlPlane : isEtcdHost
  const stands = stacked ? isRunningNode : isStandingMember
  const members = spec.hosts.filter(host => isMember(host) && (!facts.has(host.name) || stands(host, facts)))
  return members.filter(host => !facts.has(host.name) || hasMemberRunning(host, facts)).length > members.length / 2
}

/**
 * Whether a host has a member of etcd that serves clients, as far as evcctl knows. A host that did not answer has none. A
 * host that was booted a moment ago counts as having one, because etcd is among the last things to start, and so does one
 * whose static pods were replaced a moment ago, perhaps by a run that was killed.
 */
export function hasMemberRunning({ name }: Pick<HostSpec, 'name'>, facts: ReadonlyMap<string, HostFacts>): boolean {
  const known = facts.get(name)
  if (known === undefined) return false
  const { uptimeMs, kubernetes, listening } = known
  if ([uptimeMs, kubernetes.etcdPlacedMs].some(ms => ms !== undefined && ms < startMs)) return true
  // A host that answers listens at least for SSH. If the facts have no sockets, evcctl could not read them, so it does not
  // take etcd for down.
  return listening.length === 0 || listening.some(({ port }) => port === etcdPorts.clients)
}

/**
 * Whether a host that leaves answers and has no member of the stacked etcd that serves, or one whose static pods a change that was cut
 * off has taken away. Such a member is removed before everything else: another one that is stopped would cost the quorum, and etcd adds
 * none while it is silent.
 */
export function leavesEtcdFirst(leaving: LeavingHost, { spec, facts }: Pick<Inventory, 'spec' | 'facts'>): boolean {
  if (spec.etcd.topology !== 'stacked' || !leaving.isControlPlane || leaving.facts === undefined) return false
  return wasCutOff(leaving.facts) || !hasMemberRunning(leaving, facts)
}
