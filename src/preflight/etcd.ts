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

/** Whether evcctl will create a member of an external etcd on this host and has not begun to. */
export function getsFirstEtcd(spec: ClusterSpec, host: HostSpec, facts: HostFacts): boolean {
  const hasEtcdHosts = spec.etcd.topology === 'external' && spec.etcd.managed
  return hasEtcdHosts && isEtcdHost(host) && !facts.etcd.own
}

/**
 * Finds disks for the data of etcd that are not mounted, and an etcd of somebody else on a host where evcctl will create a
 * member: evcctl would leave its data as it is, and fail late in the run.
 */
export function* etcdChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  yield* mountChecks(spec, host, facts)
  if (!getsFirstEtcd(spec, host, facts)) return
  const { data, units } = foreignEtcd(facts)
  if (data.length > 0) {
    yield finding('kubernetesFiles', host, {
      problem:
        'There is data of an etcd that evcctl did not create. It would not become a member of the etcd of this cluster.',
      expected: 'nothing in /var/lib/etcd, or a member that evcctl created',
      actual: data.join('\n'),
      next: 'If nobody needs it any more: systemctl disable --now etcd; mv /var/lib/etcd /var/lib/etcd.before\nIf you restored a snapshot of this cluster there, ignore the check.',
    })
  }
  // If the host is a node already, its administrator may have had a reason for the unit.
  if (units.length > 0 && !isNodeAlready(facts)) {
    yield finding('otherSoftware', host, {
      problem: 'There is a unit of another etcd, which evcctl would replace with its own.',
      expected: 'no etcd.service but that of evcctl',
      actual: units.join('\n'),
      next: `If nobody needs it any more, remove its package (apt-get remove etcd-server), or: systemctl disable --now etcd; rm -- ${quoteAll(units)}; systemctl daemon-reload`,
    })
  }
}

// evcctl would take an empty folder for lost data and replace the member with a new one, on the wrong disk.
function* mountChecks(spec: ClusterSpec, host: HostSpec, { etcd }: HostFacts): Iterable<Finding> {
  if (!hasEtcdData(spec, host)) return
  const missing = (etcd.unmounted ?? []).filter(place => etcd.data === 'none' || place.startsWith('/var/lib/etcd/'))
  if (missing.length === 0) return
  yield finding('disk', host, {
    problem: 'A disk for the data of etcd is not mounted. evcctl would take the data on it for lost.',
    expected: 'everything that /etc/fstab and the mount units name for /var/lib/etcd is mounted',
    actual: missing.map(place => `nothing is mounted at ${place}`).join('\n'),
    next: `Mount the disk, and check that the data is there: mount ${missing[0]} && ls /var/lib/etcd   Then start what needs it: systemctl restart ${spec.etcd.topology === 'external' ? 'etcd' : 'kubelet'}\nIf nothing is to be mounted there any more, remove it from /etc/fstab (or remove its unit in /etc/systemd/system).`,
  })
}

// A stacked etcd may have its data in another folder, about which there are no facts.
function hasEtcdData({ etcd, kubernetes }: ClusterSpec, { roles }: HostSpec): boolean {
  if (etcd.topology === 'external') return etcd.managed && roles.includes('etcd')
  const { etcdData = defaultEtcdData } = etcdDataOf(kubernetes.clusterConfiguration)
  return roles.includes('control-plane') && etcdData === defaultEtcdData
}

// Files in the folder where a member will have its data, and units with the name of its unit.
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
