/**
 * The roles of a host in the cluster. A host that is control plane and worker is a control plane node that also runs
 * workloads. A host with only `etcd` is no node.
 */
export const hostRoles = ['control-plane', 'worker', 'etcd'] as const
export type HostRole = (typeof hostRoles)[number]

/** Whether a host is to be in the cluster, or to leave it. */
export const hostStates = ['present', 'absent'] as const

/** The preflight checks, which run before anything is written to hosts. `spec.preflight.ignore` may name some of them. */
export const checkNames = [
  'os',
  'architecture',
  'systemd',
  'kernel',
  'cgroups',
  'cpus',
  'memory',
  'disk',
  'clock',
  'ports',
  'hostname',
  'machineId',
  'productUuid',
  'privateAddress',
  'nameservers',
  'endpoint',
  'cniFiles',
  'kubernetesFiles',
  'kubeletFlags',
  'runtimeFiles',
  'otherSoftware',
  'interfaces',
  'ranges',
  'upgradeNodes',
  'upgradeApis',
] as const
export type CheckName = (typeof checkNames)[number]

/** Paths whose file systems need free space. */
export const freeSpacePaths = ['/usr/local/bin', '/var/lib', '/etc', '/tmp'] as const
export type FreeSpacePath = (typeof freeSpacePaths)[number]

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const
export type TaintEffect = (typeof taintEffects)[number]
