import {
  type EtcdInstallationOutputs,
  type EtcdRemovalRoleParameters,
  etcdInstallation,
  etcdLeaving,
  etcdMembership,
  etcdRunning,
} from '../../roles/etcd/index.ts'
import { type EtcdCaOutputs, etcdCa, etcdCaFolder } from '../../roles/etcd-ca/index.ts'
import { etcdCertificate } from '../../roles/etcd-certificate/index.ts'
import { etcdKey } from '../../roles/etcd-key/index.ts'
import {
  type EtcdDataByHost,
  type EtcdSpec,
  etcdDownload,
  etcdPaths,
  type Inventory,
  type Output,
  type Task,
} from '../../src/index.ts'
import type { Site } from '../site.ts'
import { canGoOneByOne, hasMemberRunning, isStandingMember } from '../standing.ts'
import type { PreparedHost } from './prepare-node.ts'

type ManagedEtcdSpec = Extract<EtcdSpec, { readonly managed: true }>

/** What the rest of the cluster needs to know of the etcd on hosts of its own. */
export interface ManagedEtcd {
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
  /** How members leave; undefined where no host has data yet. */
  readonly removal: Removal | undefined
}

type Removal = Omit<EtcdRemovalRoleParameters, 'of' | 'after'>

/** A host with all that a member needs to start. */
interface InstalledMember extends EtcdInstallationOutputs {
  readonly name: string
  /** What prepares the system of its host. */
  readonly system: readonly Task[]
  /** Whether it has been healthy and runs, where so many do that each can be healthy again: those change one after the other. */
  readonly isStanding: boolean
  /** Whether it has been healthy and does not run, and others do. */
  readonly isDown: boolean
}

interface JoinedMember extends InstalledMember {
  readonly joined: Task
}

/** Declares the members of an external etcd on `hosts`. */
export function declareManagedEtcd(on: Site, hosts: readonly PreparedHost[], spec: ManagedEtcdSpec): ManagedEtcd {
  const { inventory } = on
  const { name: caHost } = inventory.etcdSigner
  const signs = ({ machine }: PreparedHost) => Number(machine === inventory.etcdSigner)
  const inOrder = [...hosts].sort((one, other) => signs(other) - signs(one))
  const after = inOrder.filter(host => signs(host) === 1).flatMap(host => beforeMember(host, hosts))
  const authority = on.declare(etcdCa, caHost, { after })
  const oneByOne = canGoOneByOne(inventory.spec, inventory.facts)
  const installed = inOrder.map(host => {
    const { name, host: wanted } = host.machine
    const outputs = installMember(on, host, { version: spec.version, authority, after: beforeMember(host, hosts) })
    const stands = oneByOne && isStandingMember(wanted, inventory.facts)
    const runs = hasMemberRunning(wanted, inventory.facts)
    return { ...outputs, name, system: host.system, isStanding: stands && runs, isDown: stands && !runs }
  })
  const removal = removalOf(inventory, spec)
  const joined = joinMembers(on, installed, { allowEven: spec.allowEvenMembers, removal })
  const { healthy, serving } = runMembers(on, joined)
  return { healthy, serving, ca: authority.certificate, caMade: authority.made, caHost, removal }
}

// A member that joins reaches all the others.
function beforeMember({ machine, opened, system }: PreparedHost, hosts: readonly PreparedHost[]): readonly Task[] {
  const isIn = machine.facts.etcd.data === 'formed'
  return [...(isIn ? opened : hosts.flatMap(host => host.opened)), ...system, ...opened]
}

interface Installation {
  readonly version: string
  readonly authority: EtcdCaOutputs
  readonly after: readonly Task[]
}

function installMember(
  on: Site,
  { machine }: PreparedHost,
  { version, authority, after }: Installation,
): EtcdInstallationOutputs {
  const { spec, etcdMembers, etcdSigner, etcdEndpoints: endpoints = [] } = on.inventory
  const { name, address } = machine
  const member = etcdMembers.find(one => one.name === name)
  if (member === undefined) throw new RangeError(`${name} is no member of the etcd of ${spec.file}`)
  const keys = on.declare(etcdKey, name, {
    folder: etcdPaths.pki,
    requests: ['server', 'peer'].map(kind => ({ name: kind, commonName: name })),
    after,
  })
  const sign = (kind: 'server' | 'peer') =>
    on.declare(etcdCertificate, etcdSigner.name, {
      folder: etcdCaFolder,
      name: `${name}-${kind}`,
      request: keys.request(kind),
      // Members talk to each other, and etcdctl on the host to all of them, with the same certificates.
      usages: ['serverAuth', 'clientAuth'],
      names: [...new Set([name, 'localhost', address, '127.0.0.1'])],
      ca: authority.made,
    }).certificate
  const { archiveFolder, ...download } = etcdDownload(spec, machine, version)
  return on.declare(etcdInstallation, name, {
    etcd: download,
    archiveFolder,
    member,
    endpoints,
    ca: authority.certificate,
    serverCertificate: sign('server'),
    peerCertificate: sign('peer'),
    downloadAfter: after,
  })
}

/** Makes the hosts members. One whose data is gone leaves first, by way of a member that has its own. */
function joinMembers(
  on: Site,
  installed: readonly InstalledMember[],
  { allowEven, removal }: { readonly allowEven: boolean; readonly removal: Removal | undefined },
): readonly JoinedMember[] {
  const { spec, etcdMembers: members } = on.inventory
  const data = dataOf(on.inventory)
  const executor = installed.find(({ name }) => name === removal?.name)
  const dead =
    removal === undefined || executor === undefined
      ? []
      : [on.declare(etcdLeaving, removal.name, { ...removal, of: 'dead', after: executor.ready }).left]
  return installed.map(member => {
    const { name, ready } = member
    const after = [...ready, ...dead]
    const token = `${spec.name}-etcd`
    return { ...member, ...on.declare(etcdMembership, name, { name, members, data, token, allowEven, after }) }
  })
}

/**
 * Runs the members. One after the other: a member is restarted only when the one before it is healthy again. What stands
 * already gets nothing new before that either, so those before it cannot wait for its membership.
 */
function runMembers(on: Site, members: readonly JoinedMember[]): Pick<ManagedEtcd, 'healthy' | 'serving'> {
  const { builder, inventory } = on
  const data = dataOf(inventory)
  const healthy: Task[] = []
  const serving: Task[] = []
  let proof: readonly Task[] = []
  const beginning = members.filter(member => !member.isStanding)
  // A member that is well is not restarted while another that it needs is down: that one comes first.
  const inOrder = [...members].sort((a, b) => Number(b.isDown) - Number(a.isDown))
  for (const member of inOrder) {
    const { name, isStanding, isDown, joined, system, ready, watch } = member
    if (isStanding) for (const task of [...system, ...ready]) builder.holdBack(task, proof)
    const others = beginning.filter(one => one !== member).map(one => one.joined)
    const before = [...others, ...healthy.slice(-1)]
    const running = on.declare(etcdRunning, name, {
      name,
      members: inventory.etcdMembers,
      data,
      after: isStanding ? [joined] : [joined, ...before],
      watch,
    })
    // One that runs as it should has nothing to wait for, and does not fail with another.
    if (isStanding) for (const task of [running.unit, running.healthy]) builder.holdBack(task, before)
    healthy.push(running.healthy)
    if (!isDown) serving.push(running.healthy)
    if (isStanding) proof = [running.healthy]
  }
  return { healthy, serving: serving.length > 0 ? serving : healthy }
}

function dataOf({ etcdMachines }: Inventory): EtcdDataByHost {
  return Object.fromEntries(etcdMachines.map(({ name, facts }) => [name, facts.etcd.data]))
}

function removalOf(inventory: Inventory, { allowEvenMembers: allowEven }: ManagedEtcdSpec): Removal | undefined {
  const { etcdMachines, etcdMembers: members } = inventory
  const executor = etcdMachines.find(({ facts }) => facts.etcd.data !== 'none')
  return executor && { name: executor.name, members, data: dataOf(inventory), allowEven }
}
