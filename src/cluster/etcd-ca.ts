import type { ClusterSpec } from '../config/index.ts'
import { UserError } from '../core/index.ts'
import type { Machine } from './machines.ts'
import { isControlPlane, isEtcdHost } from './nodes.ts'

/**
 * The etcd host that signs certificates: the one that has the CA; for a new cluster, the first one of cluster.yaml. Throws
 * UserError if a new CA or a new etcd would replace one that an existing cluster uses.
 */
export function caMachineOf(spec: ClusterSpec, machines: readonly Machine[]): Machine {
  const wanted = spec.hosts.filter(isEtcdHost)
  const own = machines.filter(({ host }) => isEtcdHost(host))
  const answered = new Set(own.map(({ name }) => name))
  const silent = wanted.map(({ name }) => name).filter(name => !answered.has(name))
  const user = machines.find(
    ({ host, facts }) => isControlPlane(host) && facts.kubernetes.adminConf && facts.etcd.client,
  )
  const hasData = own.some(({ facts }) => facts.etcd.data !== 'none')
  if (user !== undefined && silent.length === 0 && !hasData) throw noData(spec, user, own)
  const holders = own.filter(({ facts }) => facts.etcd.ca)
  if (holders.length > 1) throw severalCas(spec, holders)
  const [holder] = holders
  if (holder !== undefined) return holder
  const first = own.find(({ host }) => host === wanted[0])
  if (!hasData && user === undefined) {
    if (first !== undefined) return first
    throw new UserError({
      where: wanted[0]?.name ?? spec.file,
      problem:
        'The first etcd host, which keeps the CA of etcd, cannot be reached. Without it, no certificate of etcd can be signed.',
      next: `Find out why: evcctl ping ${spec.file}`,
    })
  }
  throw silent.length > 0 ? caUnreachable(spec, silent) : noCa(spec, own)
}

function namesOf(machines: readonly Machine[]): string {
  return machines.map(({ name }) => name).join(', ')
}

function noData(spec: ClusterSpec, user: Machine, own: readonly Machine[]): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'No etcd host of cluster.yaml has data, although the cluster exists. A new etcd would be empty.',
    expected: 'at least one member of the etcd that the cluster uses',
    actual: `a control plane on ${user.name} that uses an external etcd, and no data of etcd on ${namesOf(own)}`,
    next: 'Members can be replaced, but not all of them in one apply. Put one of the former etcd hosts back into cluster.yaml, and remove it before the next apply. If their data is lost, restore a snapshot first (etcdutl snapshot restore).',
  })
}

function noCa(spec: ClusterSpec, own: readonly Machine[]): UserError {
  const [target] = own
  return new UserError({
    where: `${spec.file} spec.hosts`,
    problem:
      'No etcd host has the CA of etcd. Without it, no certificate can be signed, and a new CA would lock out all members.',
    expected: '/etc/etcd/ca on one host with the role etcd',
    actual: `no /etc/etcd/ca/ca.key on ${namesOf(own)}`,
    next: `If the host with the CA was removed from cluster.yaml, put it back; or move the folder to another host: ssh FORMER sudo tar -C /etc/etcd -c ca | ssh ${target?.host.address} sudo tar -C /etc/etcd -xp, and then on the former host: sudo rm -r /etc/etcd/ca`,
  })
}

function severalCas(spec: ClusterSpec, holders: readonly Machine[]): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'More than one etcd host has a CA of etcd, so evcctl does not know which of them has to sign.',
    expected: '/etc/etcd/ca/ca.key on one host',
    actual: namesOf(holders),
    next: 'Keep /etc/etcd/ca on the host whose ca.crt is the same as that in /etc/etcd/pki, and remove it on the others.',
  })
}

function caUnreachable(spec: ClusterSpec, silent: readonly string[]): UserError {
  return new UserError({
    where: silent.join(', '),
    problem:
      'No etcd host that answered has the CA of etcd, so a host that cannot be reached must have it. Without the CA, no certificate can be signed.',
    next: `Find out why: evcctl ping ${spec.file}`,
  })
}
