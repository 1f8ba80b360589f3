import { gateRemovedIn, kubernetesVersions } from '../../catalog/index.ts'
import { isMapping, type Path, valueAt } from '../finding.ts'
import type { Check } from './check.ts'

/** Mappings of feature gates, and lists of flags that may name some, below spec.kubernetes. */
const mappings = ['kubeletConfiguration.featureGates', 'kubeProxyConfiguration.featureGates'] as const
const flags = [
  ...['apiServer', 'controllerManager', 'scheduler'].map(part => `clusterConfiguration.${part}.extraArgs`),
  ...['initConfiguration', 'joinConfiguration'].map(document => `${document}.nodeRegistration.kubeletExtraArgs`),
]

/** Finds feature gates that this version of Kubernetes has removed: a component that is told one of them does not start. */
export const checkFeatureGates: Check = (draft, report) => {
  const { kubernetes } = draft.sections
  const { version = kubernetesVersions()[0] ?? '' } = kubernetes
  if (!draft.sound('spec.kubernetes.version')) return
  const check = (gate: string, path: Path, at: 'key' | 'value') => {
    const since = gateRemovedIn(gate, version)
    if (since === undefined) return
    report({
      path,
      at,
      problem: `Kubernetes ${since} has removed the feature gate ${gate}: a component that is told it does not start.`,
      next: 'Leave it out, in the same apply that upgrades to this version, or before.',
    })
  }
  for (const place of mappings) {
    const path: Path = ['spec', 'kubernetes', ...place.split('.')]
    const gates = valueAt(kubernetes, place.split('.'))
    if (draft.sound(path.join('.')) && isMapping(gates))
      for (const gate of Object.keys(gates)) check(gate, [...path, gate], 'key')
  }
  for (const place of flags) {
    const path: Path = ['spec', 'kubernetes', ...place.split('.')]
    const list = valueAt(kubernetes, place.split('.'))
    if (!draft.sound(path.join('.')) || !Array.isArray(list)) continue
    for (const [index, flag] of list.entries()) {
      if (valueAt(flag, ['name']) !== 'feature-gates') continue
      for (const gate of String(valueAt(flag, ['value'])).split(','))
        check(gate.split('=')[0]!.trim(), [...path, index, 'value'], 'value')
    }
  }
}
