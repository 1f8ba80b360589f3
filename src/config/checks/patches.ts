import type { Draft } from '../draft.ts'
import { describeValue } from '../explain.ts'
import { isMapping, type Path, valueAt } from '../finding.ts'
import { nearest } from '../nearest.ts'
import type { Check, Report } from './check.ts'
import { documentKeys, ownedFlags, ownedKeys } from './owned-keys.ts'

const documents = [
  'clusterConfiguration',
  'initConfiguration',
  'joinConfiguration',
  'kubeletConfiguration',
  'kubeProxyConfiguration',
] as const

/** Patches do not contradict the rest of the file, and have no key that kubeadm would stumble over. */
export const checkPatches: Check = (draft, report) => {
  for (const document of documents) {
    const path: Path = ['spec', 'kubernetes', document]
    const patch = draft.sections.kubernetes[document]
    if (!draft.sound(path.join('.'))) continue
    for (const { key, instead, allowed } of ownedKeys[document] ?? []) {
      const parts = key.split('.')
      const value = valueAt(patch, parts)
      if (value === undefined || allowed?.includes(value)) continue
      const problem = `${key} of ${document} cannot be ${allowed === undefined ? 'set here' : describeValue(value)}.`
      report({ path: [...path, ...parts], at: 'key', problem, next: advice(instead) })
    }
    checkKnownKeys(document, patch, path, report)
    checkFlagLists(patch, path, report)
    checkFlags(document, patch, path, report)
  }
  checkProxyMode(draft, report)
}

function advice(instead: string): string {
  const [, reason] = /^nothing: (.*)$/.exec(instead) ?? []
  return reason === undefined ? `Use ${instead}.` : `Leave it out: ${reason}.`
}

function checkKnownKeys(document: string, patch: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const known = documentKeys[document]
  if (known === undefined) return
  for (const key of Object.keys(patch)) {
    if (known.includes(key)) continue
    const meant = nearest(key, known)
    const suggestion = meant === undefined ? '' : ` Did you mean "${meant}"?`
    report({ path: [...path, key], at: 'key', problem: `kubeadm has no key "${key}" in its ${document}.${suggestion}` })
  }
}

// Up to v1beta3 these were mappings, and half of what is found on the web still is. kubeadm would refuse them on the host.
// https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Arg
const flagLists = [
  'apiServer.extraArgs',
  'controllerManager.extraArgs',
  'scheduler.extraArgs',
  'etcd.local.extraArgs',
  'nodeRegistration.kubeletExtraArgs',
]

function checkFlagLists(patch: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  for (const list of flagLists) {
    const place = list.split('.')
    const flags = valueAt(patch, place)
    if (flags === undefined || flags === null || Array.isArray(flags)) continue
    const [name, value] = isMapping(flags) ? (Object.entries(flags)[0] ?? []) : []
    const next = name === undefined ? {} : { next: `Write - { name: ${name}, value: "${String(value)}" }` }
    const problem = `${place.at(-1)} has the wrong type.`
    const expected = 'a list of { name: …, value: "…" } (kubeadm.k8s.io/v1beta4)'
    report({ path: [...path, ...place], problem, expected, came: describeValue(flags), ...next })
  }
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
