import {
  type ErrorDetails,
  type HostSpec,
  type Inventory,
  isControlPlane,
  isNode,
  type Machine,
  UserError,
} from '../src/index.ts'
import { isRunningNode } from './standing.ts'

/** The nodes that take part in a rotation of the CA: those that run. A host that joins later gets to trust what the cluster trusts. */
export function nodesInRotation({ spec, facts, machines }: Inventory): readonly Machine[] {
  return machines.filter(({ host }) => spec.hosts.includes(host) && isRunningNode(host, facts))
}

/** Throws UserError unless all nodes of the file answer, none of them is about to leave, there is a cluster, and all are nodes of it. */
export function refuseUnready(inventory: Inventory): void {
  const { spec, silent, leaving, facts } = inventory
  const missing = silent.filter(isNode).map(({ name }) => name)
  if (missing.length > 0)
    throw new UserError({
      where: missing.join(', '),
      problem: 'This node does not answer, or is not fit. It would trust one CA alone, and be lost.',
      expected: 'an answer of every node',
      next: `Find out why: evcctl ping ${spec.file}. If it is gone for good, remove it first: state: absent, and evcctl apply ${spec.file}`,
    })
  const going = leaving.filter(one => one.isNode).map(({ name }) => name)
  if (going.length > 0)
    throw new UserError({
      where: `${spec.file} spec.hosts: ${going.join(', ')}`,
      problem: 'This host is about to leave the cluster, and a rotation of the CA would leave it behind.',
      next: `Let it leave first: evcctl apply ${spec.file}; then take it out of the file.`,
    })
  const runs = (host: HostSpec) => isRunningNode(host, facts)
  if (spec.hosts.some(host => isControlPlane(host) && runs(host))) {
    const servers = spec.hosts.filter(host => !isControlPlane(host) && facts.get(host.name)?.kubernetes.controlPlane)
    refuseHosts(servers, {
      problem: 'This host has an API server, and the file calls it a worker. Its API server would trust one CA alone.',
      next: `Give it the role control-plane in ${spec.file}, or remove it: evcctl remove ${namesOf(servers)} ${spec.file}`,
    })
    const missing = spec.hosts.filter(host => isNode(host) && !runs(host))
    refuseHosts(missing, {
      problem: 'This host is no node yet, or not with the role that the file gives it.',
      expected: 'only nodes that run: one that joins meanwhile may trust one CA alone',
      next: `Have it join first: evcctl apply ${spec.file}. Or take it out of the file until the rotation is through.`,
    })
    return
  }
  throw new UserError({
    where: spec.file,
    problem: 'There is no cluster yet whose CA could be rotated.',
    next: `Create it: evcctl apply ${spec.file}`,
  })
}

function refuseHosts(hosts: readonly HostSpec[], details: ErrorDetails): void {
  if (hosts.length > 0) throw new UserError({ where: namesOf(hosts, ', '), ...details })
}

function namesOf(hosts: readonly HostSpec[], between = ' '): string {
  return hosts.map(({ name }) => name).join(between)
}
