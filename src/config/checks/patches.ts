import { kubernetesVersions } from '../../catalog/index.ts'
import type { Draft } from '../draft.ts'
import { describeValue } from '../explain.ts'
import { type Finding, type Path, startsWith, valueAt } from '../finding.ts'
import { nearest } from '../nearest.ts'
import type { Check, Report } from './check.ts'
import { type ComponentDocument, checkComponentDocument, componentDocuments } from './component-documents.ts'
import { ownedFlags, ownedKeys } from './owned-keys.ts'

const documents = Object.keys(componentDocuments) as readonly ComponentDocument[]

/** Checks that patches do not contradict the rest of the file, and contain nothing that kubeadm or a component rejects. */
export const checkPatches: Check = (draft, report, note) => {
  const { version = kubernetesVersions()[0] ?? '' } = draft.sections.kubernetes
  const minor = draft.sound('spec.kubernetes.version') ? version.split('.').slice(0, 2).join('.') : ''
  for (const document of documents) {
    const path: Path = ['spec', 'kubernetes', document]
    const patch = draft.sections.kubernetes[document]
    if (!draft.sound(path.join('.'))) continue
    const owned: Path[] = []
    for (const { key, instead, allowed } of ownedKeys[document] ?? []) {
      const parts = key.split('.')
      const value = valueAt(patch, parts)
      if (value === undefined || allowed?.includes(value)) continue
      const problem = `${key} of ${document} cannot be ${allowed === undefined ? 'set here' : describeValue(value)}.`
      report({ path: [...path, ...parts], at: 'key', problem, next: advice(instead) })
      owned.push([...path, ...parts])
    }
    const unlessOwned = (finding: Finding) => {
      if (!owned.some(one => startsWith(finding.path, one))) report(finding)
    }
    checkComponentDocument(document, patch, minor, unlessOwned, note)
    checkFlags(document, patch, path, report)
  }
  checkProxyMode(draft, report)
}

function advice(instead: string): string {
  const [, reason] = /^nothing: (.*)$/.exec(instead) ?? []
  return reason === undefined ? `Use ${instead}.` : `Leave it out: ${reason}.`
}

function checkFlags(document: string, patch: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  for (const [list, owned] of Object.entries(ownedFlags[document] ?? {})) {
    const place = list.split('.')
    const flags = valueAt(patch, place)
    if (!Array.isArray(flags)) continue
    for (const [index, flag] of flags.entries()) {
      const name = String(valueAt(flag, ['name']))
      const instead = Object.hasOwn(owned, name) ? owned[name] : undefined
      if (instead === undefined) continue
      const problem = `The flag ${name} cannot be set here.`
      report({ path: [...path, ...place, index, 'name'], problem, next: advice(instead) })
    }
  }
}

// https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/, ProxyMode on Linux
const proxyModes = ['iptables', 'ipvs', 'nftables']

function checkProxyMode(draft: Draft, report: Report): void {
  const path: Path = ['spec', 'kubernetes', 'kubeProxyConfiguration', 'mode']
  const { mode } = draft.sections.kubernetes.kubeProxyConfiguration
  if (mode === undefined || mode === '' || !draft.sound('spec.kubernetes.kubeProxyConfiguration')) return
  if (typeof mode === 'string' && proxyModes.includes(mode)) return
  const meant = nearest(String(mode), proxyModes)
  const suggestion = meant === undefined ? '' : ` Did you mean "${meant}"?`
  report({
    path,
    problem: `${describeValue(mode)} is not a mode of kube-proxy.${suggestion}`,
    expected: `one of ${proxyModes.join(', ')}`,
  })
}
