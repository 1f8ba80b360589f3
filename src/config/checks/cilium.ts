import type { Draft } from '../draft.ts'
import { type Path, valueAt } from '../finding.ts'
import type { Check, Report } from './check.ts'

const section: Path = ['spec', 'network', 'cilium']

/** Values of the chart that other keys of cluster.yaml decide, each with its key. */
const ownedValues: Readonly<Record<string, string>> = {
  kubeProxyReplacement: 'spec.network.cilium.kubeProxyReplacement',
  k8sServiceHost: 'spec.controlPlane',
  k8sServicePort: 'spec.controlPlane',
  'ipam.mode': 'nothing: nodes get their part of spec.network.podCIDR from Kubernetes',
  'ipam.operator.clusterPoolIPv4PodCIDRList': 'spec.network.podCIDR',
}

/** Checks that Cilium's values do not contradict the rest of the file, and that either Cilium or kube-proxy serves Services. */
export const checkCilium: Check = (draft, report) => {
  const { cni, cilium } = draft.sections.network
  if (cni !== 'cilium' || !draft.sound('spec.network.cni')) return
  if (draft.sound('spec.network.cilium.values')) checkValues(cilium.values, report)
  if (draft.sound('spec.network.cilium.kubeProxyReplacement')) checkKubeProxy(draft, report)
}

function checkValues(values: Readonly<Record<string, unknown>>, report: Report): void {
  for (const [key, instead] of Object.entries(ownedValues)) {
    const parts = key.split('.')
    if (valueAt(values, parts) === undefined) continue
    const [, reason] = /^nothing: (.*)$/.exec(instead) ?? []
    report({
      path: [...section, 'values', ...parts],
      at: 'key',
      problem: `${key} of Cilium's values cannot be set here.`,
      next: reason === undefined ? `Use ${instead}.` : `Leave it out: ${reason}.`,
    })
  }
}

function checkKubeProxy(draft: Draft, report: Report): void {
  const { kubernetes, network } = draft.sections
  const { skipPhases } = kubernetes.initConfiguration
  const skips = Array.isArray(skipPhases) && skipPhases.some(phase => phase === 'addon' || phase === 'addon/kube-proxy')
  const disabled = valueAt(kubernetes.clusterConfiguration, ['proxy', 'disabled'])
  if (network.cilium.kubeProxyReplacement) {
    if (
      draft.given('spec.kubernetes.kubeProxyConfiguration') &&
      Object.keys(kubernetes.kubeProxyConfiguration).length > 0
    )
      report({
        path: ['spec', 'kubernetes', 'kubeProxyConfiguration'],
        at: 'key',
        problem: 'There are settings of kube-proxy, but Cilium replaces it.',
        next: 'Remove them, or set spec.network.cilium.kubeProxyReplacement to false.',
      })
    if (disabled === false)
      report({
        path: ['spec', 'kubernetes', 'clusterConfiguration', 'proxy', 'disabled'],
        problem: 'kube-proxy is to run, but Cilium replaces it.',
        next: 'Leave it out, or set spec.network.cilium.kubeProxyReplacement to false.',
      })
    return
  }
  if (!skips && disabled !== true) return
  report({
    path: skips
      ? ['spec', 'kubernetes', 'initConfiguration', 'skipPhases']
      : ['spec', 'kubernetes', 'clusterConfiguration', 'proxy', 'disabled'],
    problem: 'There is to be no kube-proxy, and Cilium does not replace it: no Service would work.',
    expected: 'kube-proxy, or spec.network.cilium.kubeProxyReplacement: true',
  })
}
