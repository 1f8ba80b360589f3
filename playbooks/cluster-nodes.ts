import type { HostSpec, NodeTaint } from '../src/index.ts'

/** kubeadm's own taint of control plane nodes, which keeps workloads away. */
const controlPlaneTaint: NodeTaint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }

/** Labels of cluster.yaml, and the role label by which kubectl lists workers. */
export function labelsFor(host: HostSpec): Record<string, string> {
  const role: Record<string, string> = host.roles.includes('worker') ? { 'node-role.kubernetes.io/worker': '' } : {}
  return { ...role, ...host.labels }
}

/** Taints of cluster.yaml; a control plane node that is no worker has kubeadm's, too. */
export function taintsFor(host: HostSpec): readonly NodeTaint[] {
  const dedicated = host.roles.includes('control-plane') && !host.roles.includes('worker')
  return dedicated ? [controlPlaneTaint, ...host.taints] : host.taints
}

/** Keys of taints that come and go with the roles of a host. */
export function managedTaints(host: HostSpec): readonly string[] {
  return host.roles.includes('control-plane') ? [controlPlaneTaint.key] : []
}
