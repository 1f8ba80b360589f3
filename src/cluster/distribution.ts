import type { GraphBuilder, Role, Task } from '../core/index.ts'
import type { Renewal } from '../resources/pki/index.ts'
import type { KeptUnit } from '../resources/systemd/index.ts'
import type { Inventory, LeavingHost } from './inventory.ts'
import type { Machine } from './machines.ts'
import type { DistributionProfile } from './profile.ts'

/** What every stage of an operation needs: the inventory, the distribution, and the builder of the graph. */
export interface Site {
  readonly inventory: Inventory
  readonly distribution: Distribution
  readonly builder: GraphBuilder
  /** The control plane node through which evcctl changes the cluster. */
  readonly first: Machine
  /** Which certificates are renewed. */
  readonly renewal: Renewal
  /** Declares a role on the host with this name. */
  declare<P, O>(role: Role<P, O>, host: string, params: P): O
}

/**
 * The way to make prepared hosts a Kubernetes cluster, e.g. with kubeadm. It has everything in which distributions differ.
 * Hosts, etcd, firewalls, pod network and DNS are set up in playbooks/, in the same way for all distributions.
 */
export interface Distribution extends DistributionProfile {
  /** The packages that a node needs in addition. */
  packages(on: Site, machine: Machine): NodePackages
  /** Installs the programs of a node on a host. It waits for no other host. */
  prepare(on: Site, machine: Machine, order: PrepareOrder): PreparedPrograms
  /** Checks on the first control plane node that the data of an external etcd may be used; initialise() waits for it. */
  guardEtcd(on: Site, order: EtcdOrder): Task
  /** Creates the cluster on its first control plane node, or brings its settings to those of cluster.yaml. */
  initialise(on: Site, host: JoiningHost): DistributedCluster
  /**
   * Takes nodes from their hosts without a word to the cluster, which goes away as a whole. `known` is the host that shows which
   * cluster it is; undefined if no host is a node any more. A host of another cluster is refused.
   */
  dissolve(on: Pick<Site, 'inventory' | 'builder'>, known: string | undefined): Pick<DistributedCluster, 'reset'>
  /**
   * Makes a new CA for the cluster, lets all nodes trust both, and has everything signed again by the new one, batch by batch. All nodes of
   * the cluster have answered.
   */
  trustBothCas(on: Site, nodes: RotatingNodes): void
  /** Lets nobody trust the former CA any more, batch by batch; declares nothing where there is none. */
  dropFormerCa(on: Site, nodes: RotatingNodes): void
}

/** The nodes that take part in a rotation of the cluster's CA. */
export interface RotatingNodes {
  /** All nodes that run, in the order of the file. */
  readonly nodes: readonly Machine[]
  /** Has what is declared on them run batch after batch, with the user's gate between, where there is one. */
  roll(order: RotationRoll): void
}

/** A change of all nodes that take part in a rotation of the cluster's CA. */
export interface RotationRoll {
  /** What the nodes do, e.g. `trust both CAs`; unique in the run. */
  readonly what: string
  /** The tasks of each node, by its name. The last of them shows that the node is well. */
  readonly tasks: ReadonlyMap<string, readonly Task[]>
}

export interface NodePackages {
  readonly names: readonly string[]
  /** Units that the packages must not start. */
  readonly keepDisabled: readonly string[]
}

export interface PrepareOrder {
  /** Done when downloads can begin: they need curl. */
  readonly downloadAfter: readonly Task[]
  /** Done when services may start. */
  readonly startAfter: readonly Task[]
  /** Units that must run before the kubelet starts. */
  readonly units: readonly string[]
}

export interface EtcdOrder {
  /** Client URLs. */
  readonly endpoints: readonly string[]
  /** Whether somebody else runs this etcd. */
  readonly foreign: boolean
  /** Done when the host has its certificate and etcd answers. */
  readonly after: readonly Task[]
}

export interface PreparedPrograms {
  /** Done when the host can become a node. */
  readonly ready: readonly Task[]
  /** A running kubelet is restarted when one of these tasks changes something. */
  readonly kubelet: readonly Task[]
  /** Programs that a node gets only when it is ready for them otherwise: a kubelet may not be newer than its API server. */
  readonly last: readonly Task[]
  /**
   * Done when a running node that gets another version has the programs and images of that, which nothing runs yet. Empty if the
   * node keeps its version.
   */
  readonly fetched: readonly Task[]
  /** The units, and the former files that they get back if a running node does not work with new ones. */
  readonly kept: readonly KeptUnit[]
}

/** A host that becomes a node. */
export interface JoiningHost {
  readonly machine: Machine
  /** Done when the host may join. */
  readonly after: readonly Task[]
}

/** A cluster that exists, and the ways for hosts to join it. */
export interface DistributedCluster {
  readonly first: ServerMade
  joinServer(host: JoiningHost): ServerMade
  joinAgent(host: JoiningHost): NodeMade
  /** Gives the distribution's own addons (DNS, service proxy) the version of the cluster. */
  addons(order: AddonsOrder): readonly Task[]
  /** Puts back what a change of the control plane that was cut off has taken away on a node; see `formerApiServer` of its facts. */
  putBack(machine: Machine): Task
  /** Gives the control plane of a running node a version on the way to the wanted one; see minorsOnTheWay(). */
  passMinor(order: MinorOrder): Task
  /** Removes the member of etcd that the distribution runs on a control plane node; undefined if it runs none. */
  removeMember(order: MemberRemoval): Task | undefined
  /** Takes the node from a host that answers. */
  reset(host: LeavingMachine): Task
}

export interface AddonsOrder {
  /** Done when all API servers have the version of the cluster. */
  readonly after: readonly Task[]
  /** Done when the nodes have the images of the addons, if they get any. */
  readonly prepared: readonly Task[]
}

export interface MinorOrder {
  readonly machine: Machine
  /** Without `v`. */
  readonly version: string
  readonly after: readonly Task[]
}

export interface MemberRemoval {
  readonly leaving: LeavingHost
  /** Names of the nodes whose members are removed before. */
  readonly earlier: readonly string[]
  readonly after: readonly Task[]
}

/** A host that leaves the cluster and can be reached. */
export interface LeavingMachine {
  readonly leaving: LeavingHost
  /** Done when the cluster does not know the node any more. */
  readonly after: readonly Task[]
}

/** A host that has become a node. */
export interface NodeMade {
  /** Done when the host is a node. */
  readonly joined: Task
  /** Runs the kubelet with the configuration that the cluster has stored. */
  run(order: RunOrder): KubeletRun
}

export interface KubeletRun {
  /** Done when the kubelet runs. */
  readonly running: Task
  /** Done when the node is Ready. */
  readonly ready: Task
}

/** A control plane node. */
export interface ServerMade extends NodeMade {
  /**
   * Done when the node has the settings of cluster.yaml and serves the API with them; for the first node, when the cluster
   * has them, too. An operation lets this task change one node at a time.
   */
  readonly configured: Task
}

export interface RunOrder {
  /** See PreparedPrograms. */
  readonly last: readonly Task[]
  /** A running kubelet is restarted when one of these tasks changes something. */
  readonly watch: readonly Task[]
  /** Other units that get their former files back if the node does not work with new ones. */
  readonly kept: readonly KeptUnit[]
  /** The task after which the node can become Ready; undefined if this run has none. */
  readonly network: Task | undefined
}
