import { GenericContainer, type WaitStrategy } from 'testcontainers'
import { clusterLabel, hostLabel, rolesLabel } from './docker.ts'
import { entryPath, entryScript, firstBootPath } from './entry-script.ts'
import type { LocalNetwork } from './network.ts'
import type { LocalNode } from './nodes.ts'
import type { Privileges } from './privileges.ts'

export interface HostContainerOptions {
  readonly cluster: string
  readonly node: LocalNode
  readonly address: string
  readonly network: LocalNetwork
  readonly privileges: Privileges
  /** The script of first-boot.ts. */
  readonly firstBoot: string
  readonly labels: Readonly<Record<string, string>>
}

/** Folders that must not be on the container's overlay: overlay mounts on them would fail, or they are written too often. */
const volumes = [
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/docker',
  '/var/lib/kubelet',
  '/var/lib/etcd',
  '/var/log',
]

/** systemd manages the cgroup root that it sees, so each host needs its own. (dockerode's types lack this field.) */
const privateCgroups = { CgroupnsMode: 'private' }

/** ready.ts waits until a host is ready, in the same way after every power on. */
const started: WaitStrategy = {
  waitUntilReady: async () => {},
  withStartupTimeout: () => started,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
}

/** The container of one host, with a fixed address and everything that systemd, a container runtime and the kubelet need. */
export class HostContainer extends GenericContainer {
  constructor(image: string, options: HostContainerOptions) {
    super(image)
    const labels = { ...options.labels, [clusterLabel]: options.cluster }
    this.withName(`evcctl-${options.cluster}-${options.node.name}`)
      .withHostname(options.node.name)
      .withLabels({ ...labels, [hostLabel]: options.node.name, [rolesLabel]: options.node.roles.join(',') })
      .withEnvironment({ EVCCTL_GATEWAY: options.network.gateway })
      .withNetworkMode(options.network.name)
      .withTmpFs({ '/run': 'exec,mode=755', '/tmp': 'exec' })
      .withCopyContentToContainer([
        { content: entryScript, target: entryPath, mode: 0o755 },
        { content: options.firstBoot, target: firstBootPath, mode: 0o700 },
      ])
      .withCommand([entryPath])
      .withWaitStrategy(started)
      .withAutoCleanup(false)
    this.hostConfig = {
      ...this.hostConfig,
      ...options.privileges,
      ...privateCgroups,
      Mounts: volumes.map(Target => ({ Type: 'volume', Source: '', Target, VolumeOptions: volumeOptions(labels) })),
    }
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: { [options.network.name]: { IPAMConfig: { IPv4Address: options.address } } },
    }
    // systemd shuts down on SIGRTMIN+3, not on SIGTERM (systemd(1), "SIGNALS").
    this.createOpts.StopSignal = 'SIGRTMIN+3'
  }
}

function volumeOptions(Labels: Record<string, string>) {
  return { Labels, NoCopy: false, DriverConfig: { Name: 'local', Options: {} } }
}
