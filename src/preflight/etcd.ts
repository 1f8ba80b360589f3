import {
  type ClusterSpec,
  defaultEtcdData,
  etcdDataOf,
  type HostFacts,
  type HostSpec,
  isEtcdHost,
  quoteAll,
} from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isNodeAlready } from './node.ts'

/** Whether evcctl is to make a member of an external etcd on this host and has not yet begun to. */
export function getsFirstEtcd(spec: ClusterSpec, host: HostSpec, facts: HostFacts): boolean {
  const hasEtcdHosts = spec.etcd.topology === 'external' && spec.etcd.managed
  return hasEtcdHosts && isEtcdHost(host) && !facts.etcd.own
}

/**
 * A disk for the data of etcd that is not mounted, and an etcd of somebody else, where evcctl is to make a member: its data
 * stays as it is, and the run would end late.
 */
export function* etcdChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  yield* mountChecks(spec, host, facts)
  if (!getsFirstEtcd(spec, host, facts)) return
  const { data, units } = foreignEtcd(facts)
  if (data.length > 0) {
    yield finding('kubernetesFiles', host, {
      problem: 'There is data of an etcd that evcctl has not made: it would not become a member of this one.',
      expected: 'nothing in /var/lib/etcd, or a member that evcctl has made',
      actual: data.join('\n'),
      next: 'If nobody needs it any more: systemctl disable --now etcd; mv /var/lib/etcd /var/lib/etcd.before\nIf it is a snapshot of this cluster that you restored there, ignore the check.',
    })
  }
  // Where the host is a node, its administrator may have had reasons.
  if (units.length > 0 && !isNodeAlready(facts)) {
    yield finding('otherSoftware', host, {
      problem: 'There is a unit of another etcd, in place of which evcctl would start its own.',
      expected: 'no etcd.service but that of evcctl',
      actual: units.join('\n'),
      next: `If nobody needs it any more, remove its package (apt-get remove etcd-server), or: systemctl disable --now etcd; rm -- ${quoteAll(units)}; systemctl daemon-reload`,
    })
  }
}

// An empty folder would pass for lost data: the member would be replaced by a new one, on the wrong disk.
function* mountChecks(spec: ClusterSpec, host: HostSpec, { etcd }: HostFacts): Iterable<Finding> {
  if (!hasEtcdData(spec, host)) return
  const missing = (etcd.unmounted ?? []).filter(place => etcd.data === 'none' || place.startsWith('/var/lib/etcd/'))
  if (missing.length === 0) return
  yield finding('disk', host, {
    problem: 'A disk on which the data of etcd belongs is not mounted: what is on it would count as lost.',
    expected: 'all that /etc/fstab and the mount units name of /var/lib/etcd is mounted',
    actual: missing.map(place => `nothing is mounted at ${place}`).join('\n'),
    next: `Mount it, and look that the data is there: mount ${missing[0]} && ls /var/lib/etcd   Then start what needs it: systemctl restart ${spec.etcd.topology === 'external' ? 'etcd' : 'kubelet'}\nIf nothing is to be mounted there any more, take it out of /etc/fstab (or remove its unit in /etc/systemd/system).`,
  })
}

// Of a stacked etcd whose data is elsewhere nothing is known.
function hasEtcdData({ etcd, kubernetes }: ClusterSpec, { roles }: HostSpec): boolean {
  if (etcd.topology === 'external') return etcd.managed && roles.includes('etcd')
  const { etcdData = defaultEtcdData } = etcdDataOf(kubernetes.clusterConfiguration)
  return roles.includes('control-plane') && etcdData === defaultEtcdData
}

// Data that lies where that of a member will be, and units named like its unit.
function foreignEtcd({ remains, etcd }: HostFacts): {
  readonly data: readonly string[]
  readonly units: readonly string[]
} {
  const files = remains.etcdFiles
  const data = files.filter(path => path.startsWith('/var/lib/etcd/'))
  return {
    data: data.length === 0 && etcd.data !== 'none' ? ['/var/lib/etcd/member'] : data,
    units: files.filter(path => !data.includes(path)),
  }
}
