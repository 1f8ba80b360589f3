import type { ClusterSpec, HostSpec } from '../config/index.ts'
import type { ErrorDetails } from '../core/index.ts'
import type { DistributionFacts, HostFacts } from '../facts/index.ts'
import type { ApiAccess } from '../resources/api/index.ts'
import type { MemberAccess } from '../resources/etcd/index.ts'
import type { PortRange } from '../resources/firewall/index.ts'

/** Facts about a distribution that are known before it declares anything: paths, ports, and the questions to its hosts. */
export interface DistributionProfile {
  /** The name as people write it. */
  readonly name: string
  readonly api: ApiAccess
  readonly facts: DistributionFacts
  /** Paths that would show another distribution on a host, but that belong to this one. */
  readonly ownPaths: readonly string[]
  /** Folder of the manifests of static pods, with a slash at its end. */
  readonly staticPods: string
  readonly certificates: CertificateCare
  readonly byHand: ByHand
  readonly formerNode: FormerNode
  readonly health: HealthQuestions
  readonly rolled: RolledWork
  /** Folders that its programs make for themselves on a node, with those of the container runtime; absolute paths. */
  folders(spec: ClusterSpec): readonly string[]
  ports(spec: ClusterSpec): DistributionPorts
  /** The addons that it runs in the cluster besides the control plane. */
  addons(spec: ClusterSpec): DistributionAddons
  /** The image of the pause container (sandbox) of all pods, which every node has. */
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

/** How certificates on its nodes are renewed. Those in the folder of its facts are the distribution's own. */
export interface CertificateCare {
  /** Folder of the kubelet's certificates, which the kubelet itself renews, with a slash at its end. */
  readonly kubelets: string
  /** The kubelet's serving certificate that it signs for itself, once; no API server checks it. */
  readonly selfSigned: string
  /** The file of the cluster's own CA, which `evcctl certs rotate-ca` replaces; undefined where it cannot. */
  readonly rotated?: string
  /** The cross certificate of the last rotation of that CA, which ends with the CA before; undefined where there is none. */
  readonly cross?: string
  /** Further files with certificates, which only `evcctl certs status` reads. */
  readonly more: readonly string[]
  /** Sentences that tell people how to renew the distribution's own certificates. */
  readonly renewal: string
}

/** A problem of a host. The caller adds the name of the host. */
export type HostProblem = Omit<ErrorDetails, 'where'>

/** Finds remains of an earlier cluster or other software on a host that is no node yet. */
export interface FormerNode {
  /** Files that the distribution would refuse or use as its own; undefined: there are none. */
  files(spec: ClusterSpec, host: HostSpec, facts: HostFacts): HostProblem | undefined
  /** Files that would change how the kubelet starts. */
  kubeletSettings(facts: HostFacts): readonly HostProblem[]
}

/** The distribution's own work that changes running nodes batch by batch; see playbooks/rolling.ts. */
export interface RolledWork {
  /** Names of roles that can take a running node out of the cluster when they write files or restart services. */
  readonly roles: readonly string[]
  /** Kinds of the resources that change the control plane itself, e.g. its static pods; see `configured` of ServerMade. */
  readonly kinds: readonly string[]
}

/**
 * Functions of sh with which `evcctl status` reads the health of a host. They use `get`, `tell` and `url` of
 * src/cli/status/health-probe.ts, and print `NAME=absent` if the host does not have the component.
 */
export interface HealthQuestions {
  /** The function `ask_kubelet`, whose answer has the name `kubelet`. */
  readonly kubelet: string
  /** The function `ask_api`, whose answer has the name `api`. `port`: that of cluster.yaml, if the host does not have it. */
  apiServer(port: number): string
  /** The member of etcd that the distribution itself creates on control plane nodes. */
  readonly member: MemberQuestion
}

/** How to reach a member of etcd on its host. */
export type MemberQuestion = MemberAccess

/** A TCP port, and the name of the process that listens there. */
export interface UsedPort {
  readonly port: number
  readonly owner: string
}

export interface DistributionPorts {
  /** The TCP port of the kubelet, for API servers and pods. */
  readonly kubelet: number
  /** The ports of Services of type NodePort. */
  readonly nodePorts: PortRange
  /** Ports of its programs on every node, and further ones on control plane nodes (`ofServers`); without those of etcd. */
  readonly ofNodes: readonly UsedPort[]
  readonly ofServers: readonly UsedPort[]
}

export interface DistributionAddons {
  /** Whether the cluster's DNS is the CoreDNS that the distribution installs. */
  readonly coreDns: boolean
  readonly kubeProxy: boolean
}
