import type { HostSpec, Taint } from '../config/index.ts'

/** Kubernetes' own taint of control plane nodes, which keeps workloads away. */
const controlPlaneTaint: Taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }

type Roles = Pick<HostSpec, 'roles'>

/** Whether a host is a node of the cluster. A host that only runs etcd is not. */
export function isNode({ roles }: Roles): boolean {
  return roles.includes('control-plane') || roles.includes('worker')
}

/** Whether a host runs, or will run, kube-apiserver. */
export function isControlPlane({ roles }: Roles): boolean {
  return roles.includes('control-plane')
}

/** Whether a host has the role etcd: it has a member of an external etcd, which the distribution does not run. */
export function isEtcdHost({ roles }: Roles): boolean {
  return roles.includes('etcd')
}

/** The labels of cluster.yaml, and the role label that makes kubectl list a node as a worker. */
export function labelsFor(host: HostSpec): Readonly<Record<string, string>> {
  const role: Record<string, string> = host.roles.includes('worker') ? { 'node-role.kubernetes.io/worker': '' } : {}
  return { ...role, ...host.labels }
}

/** The taints of cluster.yaml. A control plane node that is not also a worker has Kubernetes' own taint, too. */
export function taintsFor(host: HostSpec): readonly Taint[] {
  const dedicated = isControlPlane(host) && !host.roles.includes('worker')
  return dedicated ? [controlPlaneTaint, ...host.taints] : host.taints
}

/** Keys of taints that evcctl adds or removes according to the roles of a host. */
export function managedTaints(host: HostSpec): readonly string[] {
  return isControlPlane(host) ? [controlPlaneTaint.key] : []
}
