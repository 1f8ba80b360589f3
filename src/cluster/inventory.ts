import { type ClusterSecrets, type ClusterSpec, type HostSpec, keysUnknownTo } from '../config/index.ts'
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
import { type Machine, machinesOf } from './machines.ts'
import { type MinorOnTheWay, minorsOnTheWay } from './minors-on-the-way.ts'
import { networkName, networkPathOf } from './network-path.ts'
import { isControlPlane, isEtcdHost, isNode } from './nodes.ts'
import { type HostOpenings, openingsOf } from './openings.ts'
import { privateAddressOf } from './private-address.ts'
import type { DistributionProfile } from './profile.ts'

/**
 * What a command does with a cluster, e.g. create or reconcile it. Every operation is planned and applied in the same way.
 */
export type Operation = (inventory: Inventory) => Graph

/** A cluster as its file and its hosts describe it, and everything that evcctl derives from these. */
export interface Inventory extends Derived {
  readonly spec: ClusterSpec
  readonly distribution: DistributionProfile
  /** Facts of the hosts that answered, by name; also of those that leave. */
  readonly facts: ReadonlyMap<string, HostFacts>
  /** The secrets that the file names. */
  readonly secrets: ClusterSecrets
  /** What the firewall of a host has to let through. */
  openings(host: HostSpec): HostOpenings
  /** The keys of the file that the kubeadm of a version on the way does not know; see keysUnknownTo(). */
  keysUnknownTo(version: string): readonly string[]
  /** Finds the downloads of a machine. Throws UserError if Kubernetes has no programs for its architecture. */
  downloads(machine: Machine): FindDownload
}

/** A host that leaves the cluster, or has left it. */
export interface LeavingHost {
  readonly name: string
  readonly isNode: boolean
  readonly isControlPlane: boolean
  /** Whether the file has it. If not, evcctl cannot reach it, and knows only its Node. */
  readonly isInFile: boolean
  /** Undefined if it did not answer. */
  readonly facts: HostFacts | undefined
  /** The address that the nodes use among themselves; undefined if only the host itself knows it and it did not answer. */
  readonly address: string | undefined
}

/** A Node that the cluster has and the file has not, and that is to be removed. */
export interface StrayNode {
  readonly name: string
  readonly isControlPlane: boolean
}

/** Derived values. Each is computed once, when something first needs it, in time linear in the number of hosts. */
interface Derived {
  /** The hosts of the file that did not answer, or that evcctl set aside. */
  readonly silent: readonly HostSpec[]
  /** The hosts with `state: absent`, also those that do not answer, and stray nodes. */
  readonly leaving: readonly LeavingHost[]
  /** The hosts that answered, in the order of the file. Throws UserError if one has no address for the other nodes. */
  readonly machines: readonly Machine[]
  /** The host through which evcctl changes the cluster, whether it answered or not; see firstControlPlaneHost(). */
  readonly firstHost: HostSpec
  /** The machine of `firstHost`. Throws UserError if it did not answer. */
  readonly first: Machine
  /** All control plane nodes of the file, also those that do not answer. Throws UserError if an address is not known. */
  readonly controlPlane: readonly ControlPlaneNode[]
  /** The addresses of all control plane nodes. */
  readonly apiServers: readonly string[]
  /** The `host:port` at which every node reaches the API. */
  readonly endpoint: string
  /** The names and addresses in the API server's certificate, without those that kubeadm adds by itself. */
  readonly certSANs: readonly string[]
  /** The host that sets up a pod network that needs files; undefined if no host has the role control-plane. */
  readonly networkHome: HostSpec | undefined
  readonly networkPath: NetworkPath
  /** A text that names the pod network and its settings. */
  readonly networkName: string
  /** The image of the pause container (sandbox) of all pods. */
  readonly sandboxImage: string
  /**
   * All members of an etcd that evcctl runs on hosts of its own, also those that do not answer. Throws UserError if an
   * address is not known.
   */
  readonly etcdMembers: readonly EtcdHost[]
  /** Client URLs of an external etcd, also of one that somebody else runs; undefined if etcd is stacked. */
  readonly etcdEndpoints: readonly string[] | undefined
  /** The etcd host that signs certificates. Throws UserError if it is not known; see caMachineOf(). */
  readonly etcdSigner: Machine
  /**
   * The etcd hosts that answered, in the order in which they change. All others wait for the host that signs, so it is
   * first.
   */
  readonly etcdMachines: readonly Machine[]
  /** The versions that API servers pass through on their way to the wanted one. */
  readonly minorsOnTheWay: readonly MinorOnTheWay[]
}

/**
 * Pure. `facts` are those of the hosts that answered. `strays` are nodes that leave although the file does not have them. It throws nothing itself: a value that cannot be derived throws when
 * it is read.
 */
export function inventoryOf(
  spec: ClusterSpec,
  distribution: DistributionProfile,
  facts: ReadonlyMap<string, HostFacts> = new Map(),
  secrets: ClusterSecrets = { registries: {} },
  strays: readonly StrayNode[] = [],
): Inventory {
  const shared = lazily({ openings: () => openingsOf(spec, distribution.ports(spec), derived.machines) })
  const derived: Derived = lazily<Derived>({
    silent: () => spec.hosts.filter(({ name }) => !facts.has(name)),
    leaving: () => [...spec.leaving.map(host => leavingHost(host, facts.get(host.name))), ...strays.map(strayHost)],
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
    minorsOnTheWay: () => minorsOnTheWay(spec, derived.machines),
  })
  return Object.assign(derived, {
    spec,
    distribution,
    facts,
    secrets,
    openings: (host: HostSpec) => shared.openings(host),
    keysUnknownTo: (version: string) => keysUnknownTo(version, spec.kubernetes),
    downloads: (machine: Machine) => downloadsFor(spec, machine),
  })
}

function leavingHost(host: HostSpec, facts: HostFacts | undefined): LeavingHost {
  const roles = { isNode: isNode(host), isControlPlane: isControlPlane(host) }
  return { name: host.name, ...roles, isInFile: true, facts, address: privateAddressOf(host, facts) }
}

function strayHost({ name, isControlPlane: isServer }: StrayNode): LeavingHost {
  return { name, isNode: true, isControlPlane: isServer, isInFile: false, facts: undefined, address: undefined }
}
