import type { GraphBuilder, Role, Task } from '../core/index.ts'
import type { KeptUnit } from '../resources/systemd/index.ts'
import type { Inventory } from './inventory.ts'
import type { Machine } from './machines.ts'
import type { DistributionProfile } from './profile.ts'

/** What the stages of an operation work on: the cluster, what it is made with, and the graph that they declare. */
export interface Site {
  readonly inventory: Inventory
  readonly distribution: Distribution
  readonly builder: GraphBuilder
  /** The control plane node through which the cluster is worked on. */
  readonly first: Machine
  /** Declares a role on a host, which is given by its name. */
  declare<P, O>(role: Role<P, O>, host: string, params: P): O
}

/**
 * What makes a Kubernetes cluster of prepared hosts, e.g. kubeadm: all in which one way of doing that differs from another.
 * What hosts, etcd, firewalls, pod network and DNS need besides is the same for all, and is in playbooks/.
 */
export interface Distribution extends DistributionProfile {
  /** What it adds to the packages of a node. */
  packages(on: Site, machine: Machine): NodePackages
  /** Gives a host the programs of a node; waits for no other host. */
  prepare(on: Site, machine: Machine, order: PrepareOrder): PreparedPrograms
  /** Makes the cluster on its first control plane node, and keeps to what it is to be made with from then on. */
  initialise(on: Site, host: JoiningHost): DistributedCluster
}

export interface NodePackages {
  readonly names: readonly string[]
  /** Units that the packages must not start. */
  readonly keepDisabled: readonly string[]
}

export interface PrepareOrder {
  /** What downloads need: curl. */
  readonly downloadAfter: readonly Task[]
  /** What has to be done before anything is started. */
  readonly startAfter: readonly Task[]
  /** Units that have to run before the kubelet does. */
  readonly units: readonly string[]
}

export interface PreparedPrograms {
  /** All that is needed before the host can become a node. */
  readonly ready: readonly Task[]
  /** What a running kubelet has to be restarted for. */
  readonly kubelet: readonly Task[]
  /** Its units, and what they get back when a running node is not well with something new. */
  readonly kept: readonly KeptUnit[]
}

/** A host that becomes a node. */
export interface JoiningHost {
  readonly machine: Machine
  /** All that has to be done before. */
  readonly after: readonly Task[]
}

/** A cluster, and how hosts join it. */
export interface DistributedCluster {
  readonly first: ServerMade
  joinServer(host: JoiningHost): ServerMade
  joinAgent(host: JoiningHost): NodeMade
}

/** A host that has become a node. */
export interface NodeMade {
  /** Done when it is one. */
  readonly joined: Task
  /** Runs its kubelet with what the cluster says. */
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
   * Done when it runs with what cluster.yaml says now, and serves the API so; of the first one: when the cluster's own settings
   * are these, too. An operation lets it change on one node at a time.
   */
  readonly configured: Task
}

export interface RunOrder {
  /** What a running kubelet has to be restarted for. */
  readonly watch: readonly Task[]
  /** What it gets back, too, when the node is not well with something new. */
  readonly kept: readonly KeptUnit[]
  /** What makes the node Ready; undefined: nothing that this run does. */
  readonly network: Task | undefined
}
