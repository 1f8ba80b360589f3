import type { ProbeResult } from '../../src/core/index.ts'
import { answered } from './api-given.ts'

/** What is asked for the placement of CoreDNS. */
export const deploymentPath = '/apis/apps/v1/namespaces/kube-system/deployments/coredns'
export const podsPath = '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns%2Cpod-template-hash'

const conditions = (ready: boolean) => [{ type: 'Ready', status: ready ? 'True' : 'False' }]
const controlPlaneKey = 'node-role.kubernetes.io/control-plane'
export const controlPlaneTaint = { key: controlPlaneKey, effect: 'NoSchedule' }

export function node(
  name: string,
  { ready = true, cordoned = false, taints = [] as object[], labels = {} } = {},
): object {
  return {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux', ...labels } },
    spec: { ...(cordoned && { unschedulable: true }), taints },
    status: { conditions: conditions(ready) },
  }
}

export function pod(name: string, on: string | undefined, { ready = true, leaving = false } = {}): object {
  return {
    metadata: { name, ...(leaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: on === undefined ? {} : { nodeName: on },
    status: { phase: 'Running', conditions: conditions(ready) },
  }
}

/** kubeadm's Deployment, as far as it matters here; `spec` is laid over that of its pods. */
export function deployment(replicas = 2, spec: object = {}): object {
  const tolerations = [{ key: 'CriticalAddonsOnly', operator: 'Exists' }, controlPlaneTaint]
  const pods = { nodeSelector: { 'kubernetes.io/os': 'linux' }, tolerations, ...spec }
  return { metadata: { name: 'coredns' }, spec: { replicas, template: { spec: pods } } }
}

export function dnsAnswered(
  pods: readonly object[],
  nodes: readonly object[],
  coredns: object | undefined = deployment(),
): ProbeResult {
  return answered({
    [deploymentPath]: coredns,
    [podsPath]: { kind: 'PodList', items: pods },
    '/api/v1/nodes': { kind: 'NodeList', items: nodes },
  })
}
