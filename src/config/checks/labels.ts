import { type DraftHost, hostLabel, hostPath } from '../draft.ts'
import type { Check, Report } from './check.ts'

// The kubelet, kubeadm or controllers set these labels, so another value would not last.
// https://kubernetes.io/docs/reference/labels-annotations-taints/
const managedLabels = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node-role.kubernetes.io/control-plane',
])

// Labels under kubernetes.io and k8s.io that administrators may set. All others there belong to Kubernetes.
const settableLabels = [
  /^node-role\.kubernetes\.io\/.+/,
  /^node-restriction\.kubernetes\.io\/.+/,
  /^([a-z0-9-]+\.)*(kubelet|node)\.kubernetes\.io\/.+/,
  /^topology\.kubernetes\.io\/(region|zone)$/,
  /^([a-z0-9-]+\.)+x-k8s\.io\/.+/,
]

const controlPlaneTaint = 'node-role.kubernetes.io/control-plane'

/** Checks that labels and taints do not conflict with those that Kubernetes sets itself. */
export const checkLabels: Check = (draft, report) => {
  for (const host of draft.hosts) {
    for (const key of Object.keys(host.host.labels ?? {})) checkLabel(host, key, report)
    checkTaints(host, report)
  }
}

function checkLabel(host: DraftHost, key: string, report: Report): void {
  const reserved = /(^|\.)(kubernetes|k8s)\.io\//.test(key) && !settableLabels.some(pattern => pattern.test(key))
  if (!reserved && !managedLabels.has(key)) return
  report({
    path: hostPath(host, 'labels', key),
    at: 'key',
    problem: `Kubernetes keeps the label ${key} for itself.`,
    expected: 'a key with a domain of your own, e.g. example.com/rack',
    ...(key === 'node-role.kubernetes.io/control-plane' ? { next: 'It comes with roles: [control-plane].' } : {}),
  })
}

function checkTaints(host: DraftHost, report: Report): void {
  const seen = new Set<string>()
  for (const [index, { key, effect }] of (host.host.taints ?? []).entries()) {
    const path = hostPath(host, 'taints', index)
    if (seen.has(`${key}:${effect}`))
      report({
        path,
        problem: `${hostLabel(host)} has the taint ${key}:${effect} twice.`,
        next: 'Remove one of the two.',
      })
    seen.add(`${key}:${effect}`)
    if (/^node(\.cloudprovider)?\.kubernetes\.io\//.test(key))
      report({ path: [...path, 'key'], problem: `Kubernetes sets and removes the taint ${key} itself.` })
    if (key === controlPlaneTaint)
      report({
        path: [...path, 'key'],
        problem: `The taint ${key} follows from the roles.`,
        next: 'With roles: [control-plane] the node has it, with roles: [control-plane, worker] it has not.',
      })
  }
}
