import type { ClusterSpec, HostSpec } from '../config/index.ts'
import type { ErrorDetails } from '../core/index.ts'
import type { DistributionFacts, HostFacts } from '../facts/index.ts'
import type { ApiAccess } from '../resources/api/index.ts'
import type { PortRange } from '../resources/firewall/index.ts'

/** What is known of a distribution before it declares anything: where it keeps what, and what its hosts are asked. */
export interface DistributionProfile {
  /** As people write it. */
  readonly name: string
  readonly api: ApiAccess
  readonly facts: DistributionFacts
  /** Paths by which other distributions are found on a host, and that this one has itself. */
  readonly ownPaths: readonly string[]
  /** Folder of the manifests whose pods the kubelet runs without the API, with a slash at its end. */
  readonly staticPods: string
  readonly certificates: CertificateCare
  readonly byHand: ByHand
  readonly formerNode: FormerNode
  readonly health: HealthQuestions
  readonly rolled: RolledWork
  ports(spec: ClusterSpec): DistributionPorts
  /** What it runs in the cluster besides the control plane. */
  addons(spec: ClusterSpec): DistributionAddons
  /** The image of the sandboxes of all pods, which every node has. */
  sandboxImage(spec: ClusterSpec): string
}

/** Commands for people, for messages. */
export interface ByHand {
  /** Takes a node's own part of the cluster from a host. */
  readonly reset: string
  /** Installs kube-proxy in a cluster that has none. */
  readonly installKubeProxy: string
  /** Renews the certificates of API servers. */
  readonly renewCertificates: string
}

/** How certificates on its nodes stay valid; those in the folder of its facts are the distribution's own. */
export interface CertificateCare {
  /** Folder of the kubelet's, which it renews by itself, with a slash at its end. */
  readonly kubelets: string
  /** What to do about the distribution's own: sentences for people. */
  readonly renewal: string
}

/** A problem of a host, whose name is known. */
export type HostProblem = Omit<ErrorDetails, 'where'>

/** What an earlier cluster or other software has left on a host that is no node yet. */
export interface FormerNode {
  /** Files that the distribution would refuse or take for its own; undefined: there are none. */
  files(spec: ClusterSpec, host: HostSpec, facts: HostFacts): HostProblem | undefined
  /** Files that would change how the kubelet starts. */
  kubeletSettings(facts: HostFacts): readonly HostProblem[]
}

/** What of its own goes from one batch of running nodes to the next; see playbooks/rolling.ts. */
export interface RolledWork {
  /** Names of roles: what these write or restart on a running node can take it out of the cluster. */
  readonly roles: readonly string[]
  /** Kinds of resources that change the control plane itself, e.g. its static pods; each node's is its `configured`. */
  readonly kinds: readonly string[]
}

/**
 * What `evcctl status` asks of a host, as functions of sh. They use `get`, `tell` and `url` of src/cli/status/health-probe.ts,
 * and print `NAME=absent` where the host does not have what is asked.
 */
export interface HealthQuestions {
  /** The function `ask_kubelet`; its answer has the name `kubelet`. */
  readonly kubelet: string
  /** The function `ask_api`; its answer has the name `api`. `port`: what cluster.yaml says, where the host does not know it. */
  apiServer(port: number): string
  /** The member of etcd that the distribution itself makes on control plane nodes. */
  readonly member: MemberQuestion
}

/** Where a member of etcd is asked. */
export interface MemberQuestion {
  /** A file that only hosts with a member have. */
  readonly is: string
  /** A word of sh with its client URL; where that is empty, the member is asked on the loopback address. */
  readonly at: string
  /** What a client shows and trusts. */
  readonly files: { readonly ca: string; readonly certificate: string; readonly key: string }
}

/** A TCP port, and the name of the process that listens there. */
export interface UsedPort {
  readonly port: number
  readonly owner: string
}

export interface DistributionPorts {
  /** TCP port at which API servers and pods reach the kubelet of a node. */
  readonly kubelet: number
  /** The ports of Services of type NodePort. */
  readonly nodePorts: PortRange
  /** Where its programs listen on every node, and besides on control plane nodes; without etcd. */
  readonly ofNodes: readonly UsedPort[]
  readonly ofServers: readonly UsedPort[]
}

export interface DistributionAddons {
  /** Whether the cluster's DNS is the CoreDNS that the distribution makes. */
  readonly coreDns: boolean
  readonly kubeProxy: boolean
}
