import { distributionOf } from '../distributions/index.ts'
import {
  type ClusterSpec,
  defaultEtcdData,
  etcdDataOf,
  etcdPaths,
  etcdPorts,
  type HostFacts,
  type HostSpec,
  type Inventory,
  isControlPlane,
  type Machine,
  type MemberAccess,
  memberQuestion,
  type RestoredMember,
  UserError,
  wasCutOff,
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
 * Throws UserError if a host that is not named as lost does not answer, one that is does, one that is to leave has not left, or somebody
 * else runs etcd: its member or its API server would go on beside the restored cluster.
 */
export function refuseSilent(inventory: Inventory, lost: readonly string[]): void {
  const { spec, silent, machines, facts } = inventory
  if (spec.etcd.topology === 'external' && !spec.etcd.managed)
    throw new UserError({
      where: `${spec.file} spec.etcd.endpoints`,
      problem: 'Somebody else runs this etcd, and restores it.',
    })
  const unclean = spec.leaving.filter(host => takesPart(spec, host) && hasNotLeft(facts.get(host.name)))
  const alive = [...machines, ...unclean.filter(({ name }) => facts.has(name))].filter(({ name }) =>
    lost.includes(name),
  )
  if (alive.length > 0)
    throw new UserError({
      where: alive.map(({ name }) => name).join(', '),
      problem:
        'This host is named as lost, and it answers. What runs there would be a second cluster after the restore.',
      next: 'Switch it off for good first, or leave out --lost.',
    })
  refuseLeaving(
    spec.file,
    unclean.filter(({ name }) => !lost.includes(name)).map(({ name }) => name),
  )
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

function refuseLeaving(file: string, names: readonly string[]): void {
  if (names.length === 0) return
  throw new UserError({
    where: names.join(', '),
    problem:
      'This host is to leave the cluster, and has not left. A restore does not stop what runs there, so there would be two clusters after it.',
    expected: 'no host with state: absent that has, or may have, a member of etcd or an API server',
    actual: names.length === 1 ? 'state: absent' : 'state: absent, each of them',
    next: `Take state: absent out of ${file}: then it takes part in the restore, and leaves with the next apply. Or switch it off for good and say so: ${names.map(name => `--lost ${name}`).join(' ')}`,
  })
}

// Nobody knows of a host that does not answer. The data of a member that was removed is enough for it to start again.
function hasNotLeft(known: HostFacts | undefined): boolean {
  if (known === undefined) return true
  const { kubernetes, etcd, listening } = known
  return (
    kubernetes.controlPlane ||
    wasCutOff(known) ||
    etcd.data !== 'none' ||
    listening.some(({ port }) => port === etcdPorts.clients)
  )
}

/** The hosts that take part in a restore: control plane nodes, and those with a member of etcd. */
export function restoringHosts(spec: ClusterSpec): readonly HostSpec[] {
  return spec.hosts.filter(host => takesPart(spec, host))
}

function takesPart(spec: ClusterSpec, host: HostSpec): boolean {
  return isControlPlane(host) || memberQuestion(spec, distributionOf(spec), host) !== undefined
}
