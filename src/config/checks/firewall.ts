import type { Path } from '../finding.ts'
import { parseIpv4Range } from '../ip.ts'
import type { Check, Report } from './check.ts'

/** Checks the ranges of addresses and ports. */
export const checkFirewall: Check = (draft, report) => {
  const { apiFrom, nodePortsFrom, extraPorts } = draft.sections.firewall
  const path: Path = ['spec', 'firewall']
  if (draft.sound('spec.firewall.apiFrom')) checkSources(apiFrom ?? [], [...path, 'apiFrom'], report)
  if (draft.sound('spec.firewall.nodePortsFrom')) checkSources(nodePortsFrom, [...path, 'nodePortsFrom'], report)
  if (!draft.sound('spec.firewall.extraPorts')) return
  extraPorts.forEach(({ port, endPort = port, from }, index) => {
    const entry = [...path, 'extraPorts', index]
    checkSources(from, [...entry, 'from'], report)
    if (endPort < port)
      report({
        path: [...entry, 'endPort'],
        problem: `The range ends (${endPort}) before it begins (${port}).`,
        expected: `a port from ${port} on`,
      })
  })
}

function checkSources(sources: readonly string[], path: Path, report: Report): void {
  sources.forEach((source, index) => {
    const range = source.includes('/') ? parseIpv4Range(source) : undefined
    if (range === undefined || range.text === source) return
    report({
      path: [...path, index],
      problem: `"${source}" does not begin where its range begins. Did you mean ${range.text}?`,
    })
  })
}
