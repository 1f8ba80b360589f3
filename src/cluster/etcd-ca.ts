import type { ClusterSpec } from '../config/index.ts'
import { UserError } from '../core/index.ts'
import type { Machine } from './machines.ts'
import { isControlPlane, isEtcdHost } from './nodes.ts'

/**
 * The etcd host that signs: the one that has the CA, and for a new cluster the first of cluster.yaml. Throws UserError
 * where a new CA, or a new etcd, would take the place of one that a standing cluster uses.
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
      problem: 'The first etcd host, which keeps the CA of etcd, cannot be reached: nothing can be signed without it.',
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
    problem: 'No etcd host of cluster.yaml has data, while the cluster stands: a new etcd would be an empty one.',
    expected: 'a member at least of the etcd that the cluster uses',
    actual: `a control plane on ${user.name} that uses an external etcd, and no data of etcd on ${namesOf(own)}`,
    next: 'Members can be replaced, but not all in one apply: put one of the former etcd hosts back, and take it out in the next one. If their data is lost, restore a snapshot first (etcdutl snapshot restore).',
  })
}

function noCa(spec: ClusterSpec, own: readonly Machine[]): UserError {
  const [target] = own
  return new UserError({
    where: `${spec.file} spec.hosts`,
    problem:
      'The CA of etcd is on none of its hosts: nothing can be signed without it, and a new one would lock out all members.',
    expected: '/etc/etcd/ca on one host with the role etcd',
    actual: `no /etc/etcd/ca/ca.key on ${namesOf(own)}`,
    next: `If the host that has it was taken out of cluster.yaml, put it back; or move the folder over: ssh FORMER sudo tar -C /etc/etcd -c ca | ssh ${target?.host.address} sudo tar -C /etc/etcd -xp, and then on the former host: sudo rm -r /etc/etcd/ca`,
  })
}

function severalCas(spec: ClusterSpec, holders: readonly Machine[]): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'More than one etcd host has a CA of etcd, so it is not known which of them signs.',
    expected: '/etc/etcd/ca/ca.key on one host',
    actual: namesOf(holders),
    next: 'Keep the one whose ca.crt is that in /etc/etcd/pki, and remove /etc/etcd/ca on the others.',
  })
}

function caUnreachable(spec: ClusterSpec, silent: readonly string[]): UserError {
  return new UserError({
    where: silent.join(', '),
    problem:
      'No etcd host that answered has the CA of etcd; one that cannot be reached keeps the CA of etcd, and nothing can be signed without it.',
    next: `Find out why: evcctl ping ${spec.file}`,
  })
}
