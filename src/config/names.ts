/**
 * What a host does in the cluster. A host that is control plane and worker is a control plane node that runs workloads
 * too; one that has `etcd` alone is no node.
 */
export const hostRoles = ['control-plane', 'worker', 'etcd'] as const
export type HostRole = (typeof hostRoles)[number]

/** The checks of hosts before anything is written to them; `spec.preflight.ignore` names some of them. */
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
] as const
export type CheckName = (typeof checkNames)[number]

/** Paths whose file systems need free space. */
export const freeSpacePaths = ['/usr/local/bin', '/var/lib', '/etc', '/tmp'] as const
export type FreeSpacePath = (typeof freeSpacePaths)[number]

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const
export type TaintEffect = (typeof taintEffects)[number]
