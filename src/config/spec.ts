import type { Architecture, Login, Secret, Share } from '../core/index.ts'
import type { CheckName, FreeSpacePath, HostRole, TaintEffect } from './names.ts'

/** A part of a document of somebody else's format: kubeadm's, the kubelet's, a runtime's. */
export type Patch = Readonly<Record<string, unknown>>

/** cluster.yaml, checked, with every default filled in. Sizes in bytes, times in ms, local paths absolute. */
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
  /** In the order of the file. */
  readonly hosts: readonly HostSpec[]
}

export interface KubernetesSpec {
  /** Without `v`, e.g. `1.36.4`. */
  readonly version: string
  readonly clusterDomain: string
  /** Deep-merged over the documents that evcctl makes (kubeadm.k8s.io/v1beta4 and the components' own). */
  readonly clusterConfiguration: Patch
  readonly initConfiguration: Patch
  readonly joinConfiguration: Patch
  readonly kubeletConfiguration: Patch
  readonly kubeProxyConfiguration: Patch
  /** Names of kubeadm's preflight checks, e.g. `SystemVerification`. */
  readonly ignorePreflightErrors: readonly string[]
}

export interface ControlPlaneSpec {
  /** `host:port` of an external load balancer; then there is no local proxy. */
  readonly endpoint?: string
  readonly localProxy: 'nginx' | 'haproxy'
  /** Loopback port of the proxy on every node. */
  readonly localProxyPort: number
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly extraSANs: readonly string[]
}

/**
 * Where the cluster's state is kept: by members on the control plane nodes, by members on the hosts of role `etcd`, or by
 * an etcd that somebody else runs.
 */
export type EtcdSpec =
  | {
      readonly topology: 'stacked'
      /** Whether the number of members may be even. */
      readonly allowEvenMembers: boolean
    }
  | {
      readonly topology: 'external'
      readonly managed: true
      /** Without `v`. */
      readonly version: string
      readonly allowEvenMembers: boolean
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

export type RuntimeSpec = CommonRuntimeSpec &
  ({ readonly name: 'containerd'; readonly runcVersion: string } | { readonly name: 'cri-o' | 'docker' })

interface CommonRuntimeSpec {
  /** Of containerd, CRI-O or cri-dockerd; without `v`. */
  readonly version: string
  /** Deep-merged over config.toml of containerd, crio.conf or Docker's daemon.json, in order. */
  readonly configPatches: readonly Patch[]
  /** Registry host → URLs of its mirrors, tried in order before the registry itself. */
  readonly registryMirrors: Readonly<Record<string, readonly string[]>>
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that its certificate may be of. */
  readonly registryCAs: Readonly<Record<string, string>>
  /** Host, or host:port, of a registry or mirror → how the runtime logs into it. */
  readonly registryCredentials: Readonly<Record<string, LoginSource>>
}

export interface NetworkSpec {
  readonly cni: 'flannel' | 'calico' | 'cilium' | 'none'
  readonly podCIDR: string
  /** Prefix length of the part of the pod range that each node gets. */
  readonly nodePrefix: number
  readonly serviceCIDR: string
  /** Whether CoreDNS runs on every node, which pods of that node ask. */
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
    /** In the place of `quay.io/calico`. */
    readonly registry?: string
  }
  readonly cilium: {
    /** Without `v`. */
    readonly version: string
    readonly helmVersion: string
    readonly kubeProxyReplacement: boolean
    /** Laid over the values that evcctl gives to the chart. */
    readonly values: Patch
  }
}

export interface ArtifactsSpec {
  /** A URL prefix for all sites, or one a site; `<prefix>/<host>/<path>` or `<prefix of the host>/<path>`. */
  readonly mirror?: string | Readonly<Record<string, string>>
  /** Absolute path of a folder with `<host>/<path>` or bare file names; its files are pushed over SSH. */
  readonly folder?: string
  /** Upstream URL without scheme (or a path or file name of an image archive) → sha256; wins over the catalog. */
  readonly checksums: Readonly<Record<string, string>>
}

/** At least one of `http` and `https` is there. */
export interface ProxySpec {
  /** For http:// URLs; always with a port. */
  readonly http?: string
  /** For https:// URLs. */
  readonly https?: string
  /** Besides what is the cluster's own. */
  readonly noProxy: readonly string[]
  readonly login?: LoginSource
}

export interface ImageArchive {
  /** A `file` is an absolute path on the machine that runs evcctl. */
  readonly source: { readonly url: string } | { readonly file: string }
  readonly sha256: string
  /** Hosts that get it; undefined: all roles. */
  readonly roles?: readonly HostRole[]
  /** Undefined: hosts of every architecture. */
  readonly architecture?: Architecture
}

export interface ImagesSpec {
  /** Registry (with an optional path) used instead of the upstream ones. */
  readonly registry?: string
  readonly archives: readonly ImageArchive[]
}

export interface OsSpec {
  readonly packages: {
    /** False: nothing is installed. */
    readonly manage: boolean
    readonly updateCache: 'when needed' | 'never'
    readonly extra: readonly string[]
  }
  /** Added to, or in the place of, those that the os role sets. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly kernelModules: readonly string[]
  readonly disableSwap: boolean
  readonly setHostname: boolean
}

/** IPv4 addresses and ranges; `0.0.0.0/0` is all of them. */
export interface FirewallSpec {
  /** False: the firewalls of the hosts are left alone. */
  readonly manage: boolean
  /** Who reaches the API servers besides the cluster's own hosts and pods. */
  readonly apiFrom: readonly string[]
  /** Who reaches services of type NodePort besides them. */
  readonly nodePortsFrom: readonly string[]
  readonly extraPorts: readonly ExtraPort[]
}

export interface ExtraPort {
  /** Both included. */
  readonly ports: { readonly first: number; readonly last: number }
  readonly protocol: 'tcp' | 'udp'
  readonly from: readonly string[]
  /** Hosts that open it; undefined: all. */
  readonly roles?: readonly HostRole[]
}

/** How nodes change that run already. */
export interface RolloutSpec {
  /** The most worker nodes that change at a time. */
  readonly maxUnavailable: Share
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
  /** Address the nodes use among themselves. Undefined: `address` if that is an IP, else the default route's source address. */
  readonly privateAddress?: string
  readonly roles: readonly HostRole[]
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly ssh: HostSshSpec
}

/** Where a secret is taken from when it is needed. `where` is its place in cluster.yaml, for messages. */
export type SecretSource = { readonly where: string } & (
  | { readonly fromEnv: string }
  /** Absolute path; one line break at its end is not part of the secret. */
  | { readonly fromFile: string }
  | { readonly prompt: true }
)

/** A user, and where the password is taken from. */
export interface LoginSource {
  readonly username: string
  readonly password: SecretSource
}

/** The secrets of a cluster.yaml that hosts are given, fetched. Those to log into the hosts with are in their SshTarget. */
export interface ClusterSecrets {
  /** Host, or host:port, of a registry or mirror → how it is logged into. */
  readonly registries: Readonly<Record<string, Login>>
  readonly proxy?: Login
}

/** `spec.ssh` with the host's own `ssh` laid over it, key by key. */
export interface HostSshSpec {
  readonly user?: string
  readonly port?: number
  /** Absolute paths of private keys, tried in order. */
  readonly identityFiles?: readonly string[]
  readonly passphrase?: SecretSource
  readonly agent: boolean
  /** Without a policy, ~/.ssh/config decides, else it is strict. */
  readonly knownHosts: { readonly file?: string; readonly policy?: 'strict' | 'accept-new' }
  readonly proxyJump?: string
  readonly password?: SecretSource
  readonly sudoPassword?: SecretSource
  /** ms. */
  readonly connectTimeout: number
}
