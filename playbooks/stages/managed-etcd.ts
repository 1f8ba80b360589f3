import { type EtcdInstallationOutputs, etcdInstallation } from '../../roles/etcd/index.ts'
import { type EtcdCaOutputs, etcdCa, etcdCaFolder } from '../../roles/etcd-ca/index.ts'
import { etcdCertificate } from '../../roles/etcd-certificate/index.ts'
import { etcdKey } from '../../roles/etcd-key/index.ts'
import {
  type EtcdSpec,
  etcdArchiveFolder,
  etcdPaths,
  type Inventory,
  type Output,
  type Site,
  type Task,
} from '../../src/index.ts'
import { canGoOneByOne, hasMemberRunning, isStandingMember } from '../standing.ts'
import type { PreparedHost } from './prepare-node.ts'
import { dataOf, joinMembers, type Removal, type RunningMembers, runMembers } from './run-etcd-members.ts'

type ManagedEtcdSpec = Extract<EtcdSpec, { readonly managed: true }>

/** What later stages need from the etcd on hosts of its own. */
export interface ManagedEtcd extends RunningMembers {
  /** The certificate of the CA of etcd, PEM. */
  readonly ca: Output<string>
  readonly caMade: Task
  /** The host that signs certificates. */
  readonly caHost: string
  /** How members leave; undefined if no host has data yet. */
  readonly removal: Removal | undefined
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

// The tasks before a member is installed. A member that joins has to reach all other hosts, so it waits for their
// firewalls.
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
      // Members use these certificates to reach each other, and etcdctl on the host uses them to reach all members.
      usages: ['serverAuth', 'clientAuth'],
      names: [...new Set([name, 'localhost', address, '127.0.0.1'])],
      renewal: on.renewal,
      ca: authority.made,
    }).certificate
  return on.declare(etcdInstallation, name, {
    etcd: on.inventory.downloads(machine)('etcd', version),
    archiveFolder: etcdArchiveFolder(machine, version),
    member,
    endpoints,
    ca: authority.certificate,
    serverCertificate: sign('server'),
    peerCertificate: sign('peer'),
    downloadAfter: after,
  })
}

function removalOf(inventory: Inventory, { allowEvenMembers: allowEven }: ManagedEtcdSpec): Removal | undefined {
  const { etcdMachines, etcdMembers: members } = inventory
  const executor = etcdMachines.find(({ facts }) => facts.etcd.data !== 'none')
  return executor && { name: executor.name, members, data: dataOf(inventory), allowEven }
}
