import type { ClusterSecrets, ClusterSpec, HostSpec } from '../config/index.ts'
import type { Graph } from '../core/index.ts'
import type { HostFacts } from '../facts/index.ts'
import type { EtcdHost } from '../resources/etcd/index.ts'
import type { NetworkPath } from '../resources/network-check/index.ts'
import {
  type ControlPlaneNode,
  certSANsOf,
  controlPlaneNodes,
  endpointOf,
  firstControlPlane,
  firstControlPlaneHost,
} from './control-plane.ts'
import { downloadsFor, type FindDownload } from './downloads.ts'
import { caMachineOf } from './etcd-ca.ts'
import { etcdMembers } from './etcd-members.ts'
import { proxyOf } from './http-proxy.ts'
import { lazily } from './lazily.ts'
import { lockVoters } from './lock-voters.ts'
import { type Machine, machinesOf } from './machines.ts'
import { networkName, networkPathOf } from './network-path.ts'
import { isControlPlane, isEtcdHost } from './nodes.ts'
import { type HostOpenings, openingsOf } from './openings.ts'
import type { DistributionProfile } from './profile.ts'

/** What a command does with a cluster, e.g. create or reconcile it: planned and applied in the same way, whichever it is. */
export type Operation = (inventory: Inventory) => Graph

/** A cluster as its file and its hosts describe it, and all that follows from these. */
export interface Inventory extends Derived {
  readonly spec: ClusterSpec
  readonly distribution: DistributionProfile
  /** Of the hosts that answered, by name. */
  readonly facts: ReadonlyMap<string, HostFacts>
  /** Those that the file names. */
  readonly secrets: ClusterSecrets
  /** What the firewall of a host has to let through. */
  openings(host: HostSpec): HostOpenings
  /** What a machine downloads. Throws UserError for one that has no upstream programs. */
  downloads(machine: Machine): FindDownload
}

/** Each is made when it is first asked for, once, in time linear in the number of hosts. */
interface Derived {
  /** The hosts of the file that did not answer, or were set aside. */
  readonly silent: readonly HostSpec[]
  /** The hosts that answered, in the order of the file. Throws UserError for one that has no address for its peers. */
  readonly machines: readonly Machine[]
  /** The host through which the cluster is worked on, whether it answered or not; see firstControlPlaneHost(). */
  readonly firstHost: HostSpec
  /** The machine of `firstHost`. Throws UserError when it did not answer. */
  readonly first: Machine
  /** All control plane nodes of the file, also those that do not answer. Throws UserError where an address is not known. */
  readonly controlPlane: readonly ControlPlaneNode[]
  /** Their addresses. */
  readonly apiServers: readonly string[]
  /** The `host:port` at which every node reaches the API. */
  readonly endpoint: string
  /** What the API server's certificate is for, besides what kubeadm adds by itself. */
  readonly certSANs: readonly string[]
  /** The host from which a pod network that needs files is set up; undefined where none has the role control-plane. */
  readonly networkHome: HostSpec | undefined
  readonly networkPath: NetworkPath
  /** What the pod network is, in words. */
  readonly networkName: string
  /** The image of the sandboxes of all pods. */
  readonly sandboxImage: string
  /** All members of the etcd on hosts of its own, also those that do not answer. Throws UserError where an address is not known. */
  readonly etcdMembers: readonly EtcdHost[]
  /** Client URLs of an external etcd, also one that somebody else runs; undefined where it is stacked. */
  readonly etcdEndpoints: readonly string[] | undefined
  /** The etcd host that signs. Throws UserError where that is not known; see caMachineOf(). */
  readonly etcdSigner: Machine
  /** The etcd hosts that answered, in the order in which they change. All of them wait for the one that signs, so it goes first. */
  readonly etcdMachines: readonly Machine[]
  /** The hosts that keep the run lock. */
  readonly lockVoters: readonly string[]
}

/** Pure. `facts`: of the hosts that answered. Raises nothing by itself: what cannot be known does when it is asked for. */
export function inventoryOf(
  spec: ClusterSpec,
  distribution: DistributionProfile,
  facts: ReadonlyMap<string, HostFacts> = new Map(),
  secrets: ClusterSecrets = { registries: {} },
): Inventory {
  const shared = lazily({ openings: () => openingsOf(spec, distribution.ports(spec), derived.machines) })
  const derived: Derived = lazily<Derived>({
    silent: () => spec.hosts.filter(({ name }) => !facts.has(name)),
    machines: () => machinesOf(spec, facts, proxyOf(spec, secrets)),
    firstHost: () => firstControlPlaneHost(spec, facts),
    first: () => firstControlPlane(spec, derived.machines, derived.firstHost),
    controlPlane: () => controlPlaneNodes(spec, derived.machines),
    apiServers: () => derived.controlPlane.map(({ address }) => address),
    endpoint: () => endpointOf(spec),
    certSANs: () => certSANsOf(spec, derived.controlPlane),
    networkHome: () => spec.hosts.find(isControlPlane),
    networkPath: () => networkPathOf(spec),
    networkName: () => networkName(spec),
    sandboxImage: () => distribution.sandboxImage(spec),
    etcdMembers: () => etcdMembers(spec, derived.machines),
    etcdEndpoints: () => {
      const { etcd } = spec
      if (etcd.topology === 'stacked') return undefined
      return etcd.managed ? derived.etcdMembers.map(({ clientURL }) => clientURL) : etcd.endpoints
    },
    etcdSigner: () => caMachineOf(spec, derived.machines),
    etcdMachines: () => {
      const others = derived.machines.filter(machine => machine !== derived.etcdSigner && isEtcdHost(machine.host))
      return [derived.etcdSigner, ...others]
    },
    lockVoters: () => lockVoters(spec),
  })
  return Object.assign(derived, {
    spec,
    distribution,
    facts,
    secrets,
    openings: (host: HostSpec) => shared.openings(host),
    downloads: (machine: Machine) => downloadsFor(spec, machine),
  })
}
