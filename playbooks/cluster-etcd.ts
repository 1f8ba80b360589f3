import { isIP } from 'node:net'
import { etcdInstallation, etcdLeaving, etcdMembership, etcdRunning } from '../roles/etcd/index.ts'
import { etcdCa, etcdCaFolder } from '../roles/etcd-ca/index.ts'
import { etcdCertificate } from '../roles/etcd-certificate/index.ts'
import { etcdHost } from '../roles/etcd-host/index.ts'
import { etcdKey } from '../roles/etcd-key/index.ts'
import { os } from '../roles/os/index.ts'
import {
  type ClusterSpec,
  type EtcdDataByHost,
  type EtcdHost,
  etcdPaths,
  type GraphBuilder,
  type Output,
  type Task,
  UserError,
} from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { etcdDownload } from './cluster-downloads.ts'
import { caMachineOf } from './cluster-etcd-ca.ts'
import { canGoOneByOne, hasMemberRunning, isStandingMember } from './standing.ts'

/** What the rest of the cluster needs to know of the etcd on hosts of its own. */
export interface EtcdCluster {
  /** Done when every member is healthy. */
  readonly healthy: readonly Task[]
  /**
   * The same without a member that was healthy and is down, where the others have a quorum: it fails alone, and what stands
   * goes on without it.
   */
  readonly serving: readonly Task[]
  /** PEM. */
  readonly ca: Output<string>
  readonly caMade: Task
  /** The host that signs. */
  readonly caHost: string
}

/** Declares the members of an external etcd. `prepared` has what each host needs before; see prepareHost(). */
export function declareEtcd(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  prepared: ReadonlyMap<Machine, readonly Task[]>,
): EtcdCluster {
  if (!('version' in spec.etcd)) throw new RangeError('There are no etcd hosts')
  const { version, allowEvenMembers } = spec.etcd
  const members = etcdMembers(spec, machines)
  const caMachine = caMachineOf(spec, machines)
  const own = etcdMachines(machines, caMachine)
  const caHost = caMachine.host.name
  const authority = etcdCa.declare(builder.scope(caHost, etcdCa.name), { after: [...prepared.get(caMachine)!] })
  const standing = standingOf(spec, machines)

  const installed = own.map(machine => {
    const { name } = machine.host
    const requests = etcdKey.declare(builder.scope(name, etcdKey.name), {
      folder: etcdPaths.pki,
      requests: ['server', 'peer'].map(kind => ({ name: kind, commonName: name })),
      after: [...prepared.get(machine)!],
    })
    const sign = (kind: string) =>
      etcdCertificate.declare(builder.scope(caHost, etcdCertificate.name), {
        folder: etcdCaFolder,
        name: `${name}-${kind}`,
        request: requests.get(kind)!,
        // Members talk to each other, and etcdctl on the host to all of them, with the same certificates.
        usages: ['serverAuth', 'clientAuth'],
        names: [...new Set([name, 'localhost', machine.address, '127.0.0.1'])],
        ca: authority.made,
      }).certificate
    const { archiveFolder, ...download } = etcdDownload(spec, machine, version)
    const role = etcdInstallation.declare(builder.scope(name, etcdInstallation.name), {
      etcd: download,
      archiveFolder,
      member: members.find(member => member.name === name)!,
      endpoints: members.map(({ clientURL }) => clientURL),
      ca: authority.certificate,
      serverCertificate: sign('server'),
      peerCertificate: sign('peer'),
      downloadAfter: [...prepared.get(machine)!],
    })
    return { name, role, ...standing(machine) }
  })
  const removal = removalOf(spec, own, members)
  const executor = installed.find(({ name }) => name === removal?.name)
  const dead =
    removal === undefined || executor === undefined
      ? []
      : [
          etcdLeaving.declare(builder.scope(removal.name, etcdLeaving.name), {
            ...removal,
            of: 'dead',
            after: [...executor.role.ready],
          }).left,
        ]
  const joined = new Map(
    installed.map(({ name, role }) => [
      name,
      etcdMembership.declare(builder.scope(name, etcdMembership.name), {
        name,
        members: [...members],
        data: dataOf(own),
        token: `${spec.name}-etcd`,
        allowEven: allowEvenMembers,
        after: [...role.ready, ...dead],
      }).joined,
    ]),
  )
  // One after the other: a member is restarted only when the one before it is healthy again. What stands already gets
  // nothing new before that either, so those before it cannot wait for its membership.
  const healthy: Task[] = []
  const serving: Task[] = []
  let proof: readonly Task[] = []
  // A member that is well is not restarted while another that it needs is down: that one comes first.
  const inOrder = [...installed].sort((a, b) => Number(b.isDown) - Number(a.isDown))
  for (const { name, role, isStanding, isDown } of inOrder) {
    const others = installed.filter(one => one.name === name || !one.isStanding)
    const system = builder.tasks.filter(task => task.host === name && systemRoles.has(task.role))
    if (isStanding) for (const task of [...system, ...role.ready]) builder.holdBack(task, proof)
    const membership = joined.get(name)!
    const before = [...others.filter(one => one.name !== name).map(one => joined.get(one.name)!), ...healthy.slice(-1)]
    const running = etcdRunning.declare(builder.scope(name, etcdRunning.name), {
      name,
      members: [...members],
      data: dataOf(own),
      after: isStanding ? [membership] : [membership, ...before],
      watch: [...role.watch],
    })
    // One that runs as it should has nothing to wait for, and does not fail with another.
    if (isStanding) for (const task of [running.unit, running.healthy]) builder.holdBack(task, before)
    healthy.push(running.healthy)
    if (!isDown) serving.push(running.healthy)
    if (isStanding) proof = [running.healthy]
  }
  return {
    healthy,
    serving: serving.length > 0 ? serving : healthy,
    ca: authority.certificate,
    caMade: authority.made,
    caHost,
  }
}

/** The etcd hosts in the order in which they change. All of them wait for the one that signs, so it goes first. */
function etcdMachines(machines: readonly Machine[], signs: Machine): readonly Machine[] {
  const others = machines.filter(machine => machine !== signs && machine.host.roles.includes('etcd'))
  return [signs, ...others]
}

/** What prepares the system of a host for etcd. */
const systemRoles = new Set([os, etcdHost].map(({ name }) => name))

interface Standing {
  /** Whether it has been healthy and runs, where so many do that each can be healthy again: those change one after the other. */
  readonly isStanding: boolean
  /** Whether it has been healthy and does not run, and others do. */
  readonly isDown: boolean
}

function standingOf(spec: ClusterSpec, machines: readonly Machine[]): (machine: Machine) => Standing {
  const facts = new Map(machines.map(machine => [machine.host.name, machine.facts]))
  const oneByOne = canGoOneByOne(spec, facts)
  return ({ host }) => {
    const stands = oneByOne && isStandingMember(host, facts)
    const runs = hasMemberRunning(host, facts)
    return { isStanding: stands && runs, isDown: stands && !runs }
  }
}

/** All members of cluster.yaml, those too that cannot be reached now. Throws UserError where an address is not known. */
export function etcdMembers(spec: ClusterSpec, machines: readonly Machine[]): readonly EtcdHost[] {
  return spec.hosts
    .filter(host => host.roles.includes('etcd'))
    .map(host => {
      const { name } = host
      const known = host.privateAddress ?? (isIP(host.address) === 0 ? undefined : host.address)
      const address = machines.find(machine => machine.host === host)?.address ?? known
      if (address === undefined) {
        throw new UserError({
          where: name,
          problem: 'This etcd host cannot be reached, and cluster.yaml does not say its address.',
          next: `Set privateAddress of ${name}, or find out why: evcctl ping ${spec.file}`,
        })
      }
      const at = isIP(address) === 6 ? `[${address}]` : address
      return { name, peerURL: `https://${at}:2380`, clientURL: `https://${at}:2379` }
    })
}

/**
 * The members that are not in cluster.yaml any more leave last: `after` is done when no API server asks them. Where no
 * etcd host has data there is no cluster yet, and nobody to leave.
 */
export function declareEtcdRemoval(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  after: readonly Task[],
): void {
  const own = etcdMachines(machines, caMachineOf(spec, machines))
  const removal = removalOf(spec, own, etcdMembers(spec, machines))
  if (removal === undefined) return
  etcdLeaving.declare(builder.scope(removal.name, etcdLeaving.name), { ...removal, of: 'former', after: [...after] })
}

function dataOf(own: readonly Machine[]): EtcdDataByHost {
  return Object.fromEntries(own.map(({ host, facts }) => [host.name, facts.etcd.data]))
}

function removalOf(spec: ClusterSpec, own: readonly Machine[], members: readonly EtcdHost[]) {
  const { etcd } = spec
  const executor = own.find(({ facts }) => facts.etcd.data !== 'none')
  if (executor === undefined) return undefined
  const allowEven = 'allowEvenMembers' in etcd && etcd.allowEvenMembers
  return { name: executor.host.name, members: [...members], data: dataOf(own), allowEven }
}
