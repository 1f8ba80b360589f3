import type { KubeadmImages } from '../catalog/index.ts'
import type { Architecture, Login, Secret, Share } from '../core/index.ts'
import type { CheckName, FreeSpacePath, HostRole, TaintEffect } from './names.ts'

/** A part of a document in the format of another program: kubeadm, the kubelet or a runtime. */
export type Patch = Readonly<Record<string, unknown>>

/** A checked cluster.yaml with every default filled in. Sizes are in bytes, times in ms, and local paths absolute. */
export interface ClusterSpec {
  /** Path of the file as it was given, for messages. */
  readonly file: string
  readonly name: string
  readonly kubernetes: KubernetesSpec
  readonly controlPlane: ControlPlaneSpec
  readonly etcd: EtcdSpec
  readonly runtime: RuntimeSpec
  readonly network: NetworkSpec
  readonly artifacts: ArtifactsSpec
  /** Undefined: no proxy. */
  readonly proxy?: ProxySpec
  readonly images: ImagesSpec
  readonly os: OsSpec
  readonly firewall: FirewallSpec
  readonly preflight: PreflightSpec
  readonly rollout: RolloutSpec
  /** What the reader of a plan should know of the file although it is no error. */
  readonly notes: readonly string[]
  /** The hosts that are, or become, part of the cluster, in the order of the file. */
  readonly hosts: readonly HostSpec[]
  /** The hosts with `state: absent`, in the order of the file: they leave the cluster, or have left it. */
  readonly leaving: readonly HostSpec[]
}

export interface KubernetesSpec {
  /** Without `v`, e.g. `1.36.4`. */
  readonly version: string
  /** The images of its kubeadm. Undefined: its minor is newer than all that evcctl knows, and not looked up yet. */
  readonly images?: KubeadmImages
  readonly clusterDomain: string
  /** This patch and those below are deep-merged over the documents that evcctl generates (kubeadm.k8s.io/v1beta4 and others). */
  readonly clusterConfiguration: Patch
  readonly initConfiguration: Patch
  readonly joinConfiguration: Patch
  readonly kubeletConfiguration: Patch
  readonly kubeProxyConfiguration: Patch
  /** Names of kubeadm's preflight checks, e.g. `SystemVerification`. */
  readonly ignorePreflightErrors: readonly string[]
}

export interface ControlPlaneSpec {
  /** `host:port` of an external load balancer. If it is set, there is no local proxy. */
  readonly endpoint?: string
  readonly localProxy: 'nginx' | 'haproxy'
  /** Loopback port of the proxy on every node. */
  readonly localProxyPort: number
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly extraSANs: readonly string[]
}

/**
 * The etcd that keeps the cluster's state: members on the control plane nodes, members on the hosts with role `etcd`, or
 * an external etcd that evcctl does not manage.
 */
export type EtcdSpec =
  | {
      readonly topology: 'stacked'
      /** Version of etcdctl and etcdutl on the control plane nodes, without `v`; kubeadm chooses that of etcd itself. */
      readonly version: string
      /** Whether the number of members may be even. */
      readonly allowEvenMembers: boolean
      readonly backup: EtcdBackupSpec
    }
  | {
      readonly topology: 'external'
      readonly managed: true
      /** Without `v`. */
      readonly version: string
      readonly allowEvenMembers: boolean
      readonly backup: EtcdBackupSpec
    }
  | {
      readonly topology: 'external'
      readonly managed: false
      /** `https://host:port`. */
      readonly endpoints: readonly string[]
      /** PEM. */
      readonly ca: string
      readonly certificate: string
      readonly key: Secret
    }

/** Snapshots of etcd on the hosts of its members. */
export interface EtcdBackupSpec {
  /** False: none is taken on a schedule. */
  readonly enabled: boolean
  /** In the notation of systemd (systemd.time(7), calendar events). */
  readonly schedule: string
  /** How many are kept on each host; at least 1. */
  readonly keep: number
  /** Whether one is taken before nodes are removed or upgraded. */
  readonly beforeChanges: boolean
  /** For `sh -c` on the host, after each one; undefined: none. */
  readonly copyCommand?: string | undefined
}

export type RuntimeSpec = CommonRuntimeSpec &
  ({ readonly name: 'containerd'; readonly runcVersion: string } | { readonly name: 'cri-o' | 'docker' })

interface CommonRuntimeSpec {
  /** The version of containerd, CRI-O or cri-dockerd, without `v`. */
  readonly version: string
  /** Deep-merged over config.toml of containerd, crio.conf or Docker's daemon.json, in order. */
  readonly configPatches: readonly Patch[]
  /** Registry host → URLs of its mirrors, tried in order before the registry itself. */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that may sign its certificate. */
  readonly registryCAs: Readonly<Record<string, string>>
  /** Host, or host:port, of a registry or mirror → how the runtime logs into it. */
  readonly registryCredentials: Readonly<Record<string, LoginSource>>
}

export interface NetworkSpec {
  readonly cni: 'flannel' | 'calico' | 'cilium' | 'none'
  readonly podCIDR: string
  /** Prefix length of each node's part of the pod range. */
  readonly nodePrefix: number
  readonly serviceCIDR: string
  /** Whether CoreDNS runs on every node and answers the pods of that node. */
  readonly nodeDNS: boolean
  readonly cniPluginsVersion: string
  readonly flannel: {
    /** Without `v`. */
    readonly version: string
    readonly backend: 'vxlan' | 'host-gw'
    /** Image reference with tag. */
    readonly image: string
  }
  readonly calico: {
    /** Without `v`. */
    readonly version: string
    readonly encapsulation: 'vxlan' | 'ipip'
    /** Used instead of `quay.io/calico`. */
    readonly registry?: string
  }
  readonly cilium: {
    /** Without `v`. */
    readonly version: string
    readonly helmVersion: string
    readonly kubeProxyReplacement: boolean
    /** Values of the chart that win over those that evcctl sets. */
    readonly values: Patch
  }
}

export interface ArtifactsSpec {
  /** One URL prefix for all sites, used as `<prefix>/<host>/<path>`, or one for each site, used as `<prefix>/<path>`. */
  readonly mirror?: string | Readonly<Record<string, string>>
  /** Absolute path of a folder with `<host>/<path>` or bare file names; its files are pushed over SSH. */
  readonly folder?: string
  /** Upstream URL without scheme (or a path or file name of an image archive) → sha256; wins over the catalog. */
  readonly checksums: Readonly<Record<string, string>>
  /** Upstream URL without scheme → sha256 of cluster.lock.yaml; wins over the catalog. Left out if there is none. */
  readonly locked?: Readonly<Record<string, string>>
}

/** The proxy of the hosts. At least one of `http` and `https` is set. */
export interface ProxySpec {
  /** For http:// URLs; always with a port. */
  readonly http?: string
  /** For https:// URLs. */
  readonly https?: string
  /** Names and addresses without proxy, in addition to the cluster's own. */
  readonly noProxy: readonly string[]
  readonly login?: LoginSource
}

export interface ImageArchive {
  /** A `file` is an absolute path on the machine that runs evcctl. */
  readonly source: { readonly url: string } | { readonly file: string }
  readonly sha256: string
  /** The roles of the hosts that get the archive; undefined means all roles. */
  readonly roles?: readonly HostRole[]
  /** The architecture of the hosts that get the archive; undefined means every architecture. */
  readonly architecture?: Architecture
}

export interface ImagesSpec {
  /** Registry (with an optional path) used instead of the upstream ones. */
  readonly registry?: string
  readonly archives: readonly ImageArchive[]
}

export interface OsSpec {
  readonly packages: {
    /** If false, evcctl installs no packages. */
    readonly manage: boolean
    readonly updateCache: 'when needed' | 'never'
    readonly extra: readonly string[]
  }
  /** Added to the sysctls that the os role sets; a value here wins. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly kernelModules: readonly string[]
  readonly disableSwap: boolean
  readonly setHostname: boolean
}

/** The firewall of the hosts. Sources are IPv4 addresses and ranges; `0.0.0.0/0` means everybody. */
export interface FirewallSpec {
  /** If false, evcctl leaves the firewalls of the hosts alone. */
  readonly manage: boolean
  /** Who may reach the API servers, in addition to the cluster's own hosts and pods. */
  readonly apiFrom: readonly string[]
  /** Who may reach Services of type NodePort, in addition to those. */
  readonly nodePortsFrom: readonly string[]
  readonly extraPorts: readonly ExtraPort[]
}

export interface ExtraPort {
  /** `first` and `last` are part of the range. */
  readonly ports: { readonly first: number; readonly last: number }
  readonly protocol: 'tcp' | 'udp'
  readonly from: readonly string[]
  /** The roles of the hosts that open the ports; undefined means all hosts. */
  readonly roles?: readonly HostRole[]
}

/** How changes reach running nodes. */
export interface RolloutSpec {
  /** The largest number of worker nodes that change at the same time. */
  readonly maxUnavailable: Share
  /** The user's own command that decides whether the next batch changes; undefined: none. */
  readonly gate?: GateSpec | undefined
  /** Workers with rules of their own, in the order in which they change; others come last. */
  readonly groups: readonly RolloutGroupSpec[]
  readonly drain: DrainSpec
}

/** Workers that change one group after the other. */
export interface RolloutGroupSpec {
  /** The workers that have all of these labels in cluster.yaml, and are in no group before. */
  readonly labels: Readonly<Record<string, string>>
  /** The largest number of them that change at the same time; undefined: that of all workers. */
  readonly maxUnavailable?: Share | undefined
  /** Decides after each batch of them; undefined: the gate of all, if there is one. */
  readonly gate?: GateSpec | undefined
}

/** A command for `sh -c` on this machine, in the folder of the cluster file. */
export interface GateSpec {
  readonly command: string
  /** That folder, absolute. */
  readonly folder: string
  /** ms. */
  readonly timeout: number
}

/** How nodes are drained. */
export interface DrainSpec {
  /** How long the drain of one node may take, ms. */
  readonly timeout: number
  /** Whether pods with an emptyDir volume are evicted; their data is lost. */
  readonly deleteEmptyDirData: boolean
  /** Whether pods without a controller are deleted; nothing starts them again. */
  readonly force: boolean
}

export interface PreflightSpec {
  /** ms. */
  readonly maxClockDeviation: number
  /** Bytes of RAM; a host with several roles needs the largest. */
  readonly minMemory: Readonly<Record<HostRole, number>>
  /** Bytes of free space. */
  readonly minFree: Readonly<Record<FreeSpacePath, number>>
  readonly ignore: readonly CheckName[]
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: TaintEffect
}

export interface HostSpec {
  /** Also the node's name. */
  readonly name: string
  /** IP address, DNS name or `Host` alias of ~/.ssh/config. */
  readonly address: string
  /** The address for traffic between nodes. Undefined: `address` if that is an IP, else the default route's source address. */
  readonly privateAddress?: string
  readonly roles: readonly HostRole[]
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly ssh: HostSshSpec
}

/** Where a secret is read from when it is needed. `where` is its place in cluster.yaml, for messages. */
export type SecretSource = { readonly where: string } & (
  | { readonly fromEnv: string }
  /** Absolute path; one line break at its end is not part of the secret. */
  | { readonly fromFile: string }
  | { readonly prompt: true }
)

/** A user name, and where the password is read from. */
export interface LoginSource {
  readonly username: string
  readonly password: SecretSource
}

/** The secrets of a cluster.yaml that the hosts receive, already fetched. Secrets for SSH logins are in the SshTarget instead. */
export interface ClusterSecrets {
  /** Host, or host:port, of a registry or mirror → its user name and password. */
  readonly registries: Readonly<Record<string, Login>>
  readonly proxy?: Login
}

/** `spec.ssh` merged with the host's own `ssh`, whose keys win. */
export interface HostSshSpec {
  readonly user?: string
  readonly port?: number
  /** Absolute paths of private keys, tried in order. */
  readonly identityFiles?: readonly string[]
  readonly passphrase?: SecretSource
  readonly agent: boolean
  /** If there is no policy, ~/.ssh/config decides. If that has none either, the policy is strict. */
  readonly knownHosts: { readonly file?: string; readonly policy?: 'strict' | 'accept-new' }
  readonly proxyJump?: string
  readonly password?: SecretSource
  readonly sudoPassword?: SecretSource
  /** ms. */
  readonly connectTimeout: number
}
