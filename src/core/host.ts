import type { Probe, ProbeResult, Step, StepFailure } from './resource.ts'

/** The steps of one task, followed by its own probe. A failing step ends its job, not the others of the exchange. */
export interface Job {
  readonly steps: readonly Step[]
  readonly verify: Probe<unknown>
}

/** The right to write: a host remembers the highest generation that wrote to it, and refuses lower ones and other runs of the same. */
export interface Fence {
  /** How often the lock of the cluster was taken; from 1. */
  readonly generation: number
  /** Id of the run that took it. */
  readonly run: string
  /** Folder of the host that outlives a reboot. Default: /var/lib/evcctl. */
  readonly folder?: string
}

/** All that goes to a host in one go: first the jobs in order, then the probes. */
export interface ExchangeRequest {
  readonly jobs: readonly Job[]
  readonly probes: readonly Probe<unknown>[]
  /**
   * For jobs: what an earlier run still does on the host is ended first, and a later run makes the exchange reject with a
   * HostError of kind `fenced`. Left out for reads, and for writes that no lock protects.
   */
  readonly fence?: Fence
}

/** The outcome of one job; `verify` is left out when a step failed. */
export interface JobReply {
  readonly failure?: StepFailure
  readonly verify?: ProbeResult
  /** Duration on the host, ms. */
  readonly ms: number
}

/** One entry a job and one a probe, in the order of the request. */
export interface ExchangeReply {
  readonly jobs: readonly JobReply[]
  readonly results: readonly ProbeResult[]
}

export interface ExchangeOptions {
  /** Aborting it kills the process groups on the host and rejects with a HostError of kind `cancelled`. */
  readonly signal: AbortSignal
  /**
   * Upper bound for the exchange, ms. Default: the sum of the steps' time-outs, plus 2 s for each probe, at least 60 s.
   * A host that falls silent is given up earlier: 30 s after what ran there should have ended.
   */
  readonly timeoutMs?: number
  /** Called when a job begins on the host. */
  readonly onJobStart?: (job: number) => void
  /** Called once for each job, as soon as its outcome is known; the jobs after it still run then. */
  readonly onJobEnd?: (job: number, reply: JobReply) => void
  /** Called when something begins or ends on the host; what comes next may take `ms` there before it is ended. */
  readonly onWait?: (ms: number) => void
  /** Called with each complete line that a step of a job prints (stdout or stderr), not redacted. */
  readonly onOutput?: (job: number, line: string) => void
}

/** A host that is connected, logged into and root. */
export interface Session {
  readonly host: string
  /** Runs a request as root. Rejects with HostError; a step or probe that exits non-zero is data, not an error. */
  exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeReply>
}

/** The engine's only view of SSH. */
export interface SshPool extends AsyncDisposable {
  /**
   * Connects if need be (one connection a host, shared). Rejects with HostError saying which of reach, host key, login,
   * root failed. `apart` takes a second connection, for what must not wait for a long exchange even where sshd allows one
   * channel a connection (MaxSessions 1).
   */
  session(host: string, signal: AbortSignal, options?: { readonly apart?: boolean }): Promise<Session>
  /** How many exchanges each host has had so far. */
  exchanges(): ReadonlyMap<string, number>
}

/** CPU architectures that upstream Kubernetes artifacts are taken for. */
export type Architecture = 'amd64' | 'arm64'

/** What a host finds at the API endpoint of an external load balancer. */
export interface EndpointFacts {
  /** What its name means on that host; empty when nothing. */
  readonly addresses: readonly string[]
  /** What came of a TCP connection; `not tried` where the host has no bash. */
  readonly connection: 'accepted' | 'refused' | 'timed out' | 'failed' | 'not tried'
  /** What the system said of a connection that was not accepted; may be empty. */
  readonly said: string
  /** Whether a TLS handshake was tried: it needs openssl on the host. */
  readonly asked: boolean
  /** The certificate that it was answered with, PEM. */
  readonly certificate?: string
  /** /etc/kubernetes/pki/ca.crt of the host, PEM. */
  readonly clusterCa?: string
}

/** A certificate in a file of a host. Times in ms since the epoch. */
export interface CertificateFacts {
  /** Absolute; a kubeconfig where it is the certificate of its user. */
  readonly path: string
  /** Whether it may sign others. */
  readonly ca: boolean
  readonly validFrom: number
  readonly validTo: number
}

/** What other software, or an earlier cluster, has left on a host. Paths are absolute. */
export interface RemainsFacts {
  /** Whether evcctl has begun to make a node of it and was cut off. */
  readonly begun: boolean
  /** Configuration files in /etc/cni/net.d. */
  readonly cniFiles: readonly string[]
  /** Kubeconfig files, certificates, keys and manifests below /etc/kubernetes. */
  readonly kubernetesFiles: readonly string[]
  /** Flags (`--name=value`) and settings of systemd (`ExecStart`) in files that the kubelet's unit takes in. */
  readonly kubeletSettings: readonly { readonly path: string; readonly settings: readonly string[] }[]
  /** Drop-ins of containerd; may hold passwords. */
  readonly containerdFiles: readonly { readonly path: string; readonly content: string }[]
  /** Drop-ins of CRI-O. */
  readonly criOFiles: readonly string[]
  /** Programs and units of other Kubernetes distributions. */
  readonly distributions: readonly string[]
  /** Debian packages that are installed and have programs or units that a node has, too. */
  readonly packages: readonly string[]
  /** Network interfaces with names that pod networks give. */
  readonly interfaces: readonly string[]
  /** What is in /var/lib/etcd, and units of etcd that evcctl did not write. */
  readonly etcdFiles: readonly string[]
}

/** An IPv4 network that a host has an address in, or a route to (other than the default). */
export interface HostNetwork {
  /** CIDR, e.g. `192.0.2.0/24`. */
  readonly range: string
  readonly device: string
  /** Address of the router; undefined for a network that the host is in itself. */
  readonly gateway?: string
}

/** Settled truths of a host, read once a run in one exchange. Sizes in bytes, times in ms. */
export interface HostFacts {
  readonly host: string
  readonly os: {
    /** `ID` of /etc/os-release, e.g. `debian`. */
    readonly id: string
    /** `ID_LIKE`, split. */
    readonly like: readonly string[]
    /** `VERSION_ID`, e.g. `12`; empty when there is none. */
    readonly version: string
    /** `PRETTY_NAME`. */
    readonly name: string
  }
  /** `uname -r`. */
  readonly kernel: string
  /** `uname -m` as it came, e.g. `aarch64`. */
  readonly machine: string
  /** Undefined for machines that Kubernetes has no upstream artifacts for. */
  readonly architecture: Architecture | undefined
  /** Of its programs: a 32 bit system may run on a 64 bit kernel, as Raspberry Pi OS does. Undefined: not known. */
  readonly userlandBits?: 32 | 64 | undefined
  readonly hostname: string
  readonly machineId: string
  /** /sys/class/dmi/id/product_uuid; empty where there is none. */
  readonly productUuid: string
  readonly cpus: number
  readonly memoryBytes: number
  /** True where PID 1 is systemd. */
  readonly systemd: boolean
  readonly cgroupVersion: 1 | 2
  /** Enabled controllers, e.g. cpu, memory, pids. */
  readonly cgroupControllers: readonly string[]
  /** All addresses of the host but 127.0.0.0/8 and ::1, without prefix length; those of interface lo last. */
  readonly addresses: readonly string[]
  /** Interface and source address of the IPv4 default route; undefined when there is none. */
  readonly defaultRoute: { readonly interface: string; readonly address: string } | undefined
  /** Listening TCP sockets. `process` is empty when it could not be read. */
  readonly listening: readonly { readonly port: number; readonly address: string; readonly process: string }[]
  /** Free space of the file systems that hold these paths (nearest existing parent). */
  readonly freeBytes: Readonly<Record<'/usr/local/bin' | '/var/lib' | '/etc' | '/tmp', number>>
  /** Host clock minus controller clock, corrected by half the exchange's round trip. */
  readonly clockOffsetMs: number
  /** Round trip of the facts exchange. */
  readonly roundTripMs: number
  readonly kubernetes: {
    /** Which of these files of an earlier kubeadm run exist. */
    readonly kubeletConf: boolean
    readonly adminConf: boolean
    /** Whether it is a control plane node: all of an API server is there, and no run of kubeadm was cut off. */
    readonly controlPlane: boolean
  }
  readonly etcd: {
    /** What is in /var/lib/etcd. `creating`: the member that it is of has never been healthy. */
    readonly data: 'none' | 'creating' | 'formed'
    /** Folders that are or hold /var/lib/etcd, or lie in it, and that fstab or a unit wants mounted, but are not. */
    readonly unmounted?: readonly string[]
    /** Whether evcctl has begun to make a member of an external etcd here: its settings or its unit exist. */
    readonly own: boolean
    /** Whether the key of the CA of an external etcd is here: /etc/etcd/ca/ca.key. */
    readonly ca: boolean
    /** Whether the host is set up as a client of an external etcd: /etc/evcctl/etcd/client.crt. */
    readonly client: boolean
  }
  /** Nameservers of /etc/resolv.conf (and of systemd-resolved's upstream file where that is used). */
  readonly nameservers: readonly string[]
  /** Nameservers of the file that kubeletConfiguration.resolvConf names; undefined where none was asked about. */
  readonly kubeletNameservers?: readonly string[]
  /** IPv4 networks by its addresses and routes. */
  readonly networks?: readonly HostNetwork[]
  readonly remains?: RemainsFacts
  /** Of the cluster and its etcd. */
  readonly certificates?: readonly CertificateFacts[]
  /** Names of the swap devices and files that are active. */
  readonly swap: readonly string[]
  /** Only where an endpoint was asked about. */
  readonly endpoint?: EndpointFacts
}
