import { type ClusterSpec, type HostFacts, type HostSpec, quoteAll } from '../../src/index.ts'
import { type Finding, finding } from './finding.ts'
import { isNode } from './node.ts'

/** Whether evcctl is to make a member of an external etcd on this host and has not yet begun to. */
export function getsFirstEtcd(spec: ClusterSpec, host: HostSpec, facts: HostFacts): boolean {
  const hasEtcdHosts = spec.etcd.topology === 'external' && spec.etcd.managed
  return hasEtcdHosts && host.roles.includes('etcd') && !facts.etcd.own
}

/** An etcd of somebody else, where evcctl is to make a member: its data stays as it is, and the run would end late. */
export function* etcdChecks(spec: ClusterSpec, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (!getsFirstEtcd(spec, host, facts)) return
  const { data, units } = foreignEtcd(facts)
  if (data.length > 0) {
    yield finding('kubernetesFiles', host, {
      problem: 'There is data of an etcd that evcctl has not made: it would not become a member of this one.',
      expected: 'nothing in /var/lib/etcd, or a member that evcctl has made',
      came: data.join('\n'),
      next: 'If nobody needs it any more: systemctl disable --now etcd; mv /var/lib/etcd /var/lib/etcd.before\nIf it is a snapshot of this cluster that you restored there, ignore the check.',
    })
  }
  // Where the host is a node, its administrator may have had reasons.
  if (units.length > 0 && !isNode(facts)) {
    yield finding('otherSoftware', host, {
      problem: 'There is a unit of another etcd, in place of which evcctl would start its own.',
      expected: 'no etcd.service but that of evcctl',
      came: units.join('\n'),
      next: `If nobody needs it any more, remove its package (apt-get remove etcd-server), or: systemctl disable --now etcd; rm -- ${quoteAll(units)}; systemctl daemon-reload`,
    })
  }
}

// Data that lies where that of a member will be, and units named like its unit.
function foreignEtcd({ remains, etcd }: HostFacts): {
  readonly data: readonly string[]
  readonly units: readonly string[]
} {
  const files = remains?.etcdFiles ?? []
  const data = files.filter(path => path.startsWith('/var/lib/etcd/'))
  return {
    data: data.length === 0 && etcd.data !== 'none' ? ['/var/lib/etcd/member'] : data,
    units: files.filter(path => !data.includes(path)),
  }
}
