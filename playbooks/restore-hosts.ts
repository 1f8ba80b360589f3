import { distributionOf } from '../distributions/index.ts'
import {
  type ClusterSpec,
  defaultEtcdData,
  etcdDataOf,
  etcdPaths,
  type HostSpec,
  type Inventory,
  isControlPlane,
  type Machine,
  type MemberAccess,
  memberQuestion,
  type RestoredMember,
  UserError,
} from '../src/index.ts'

/** A host whose member is restored. */
export interface Member {
  readonly machine: Machine
  readonly access: MemberAccess
  readonly restored: RestoredMember
}

/** The members on these machines, as they start again. */
export function membersOf(inventory: Inventory, machines: readonly Machine[]): readonly Member[] {
  const { spec, etcdMembers } = inventory
  const distribution = distributionOf(spec)
  return machines.flatMap(machine => {
    const access = memberQuestion(spec, distribution, machine.host)
    if (access === undefined) return []
    const { name, address } = machine
    if (spec.etcd.topology === 'stacked') {
      const data = etcdDataOf(spec.kubernetes.clusterConfiguration).etcdData ?? defaultEtcdData
      const at = address.includes(':') ? `[${address}]` : address
      return [{ machine, access, restored: { name, peerURL: `https://${at}:2380`, data } }]
    }
    const { peerURL } = etcdMembers.find(one => one.name === name)!
    return [{ machine, access, restored: { name, peerURL, data: etcdPaths.data } }]
  })
}

/**
 * Throws UserError if a host that is not named as lost does not answer, one that is does, or somebody else runs etcd: its member
 * or its API server would go on beside the restored cluster.
 */
export function refuseSilent({ spec, silent, machines }: Inventory, lost: readonly string[]): void {
  if (spec.etcd.topology === 'external' && !spec.etcd.managed)
    throw new UserError({
      where: `${spec.file} spec.etcd.endpoints`,
      problem: 'Somebody else runs this etcd, and restores it.',
    })
  const alive = machines.filter(({ name }) => lost.includes(name))
  if (alive.length > 0)
    throw new UserError({
      where: alive.map(({ name }) => name).join(', '),
      problem:
        'This host is named as lost, and it answers. What runs there would be a second cluster after the restore.',
      next: 'Switch it off for good first, or leave out --lost.',
    })
  const partaking = restoringHosts(spec)
  const missing = silent.filter(host => partaking.includes(host) && !lost.includes(host.name))
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  throw new UserError({
    where: names.join(', '),
    problem:
      'This host does not answer. If its member of etcd or its API server runs on, there would be two clusters after the restore.',
    expected: 'an answer of every control plane node and etcd host that is not lost',
    actual: 'no answer',
    next: `Bring it back, or switch it off for good and say so: ${names.map(name => `--lost ${name}`).join(' ')}`,
  })
}

/** The hosts that take part in a restore: control plane nodes, and those with a member of etcd. */
export function restoringHosts(spec: ClusterSpec): readonly HostSpec[] {
  const distribution = distributionOf(spec)
  return spec.hosts.filter(host => isControlPlane(host) || memberQuestion(spec, distribution, host) !== undefined)
}
