import { ruleElement, type Way } from './firewalld-rule.ts'
import type { FirewallRule } from './rule.ts'

/** One policy for each direction of packets. */
export const ways = ['in', 'through'] as const

const egress = { in: 'HOST', through: 'ANY' } as const

/** Name of the policy of one direction. */
export function policyName(way: Way): string {
  return `evcctl-${way}`
}

/** Path of the policy's file. */
export function policyPath(way: Way): string {
  return `/etc/firewalld/policies/${policyName(way)}.xml`
}

/** The zone of the pods. */
export const zone = 'evcctl-pods'
export const zonePath = `/etc/firewalld/zones/${zone}.xml`

/** Content of the zone's file (firewalld.zone(5)); `ranges` are CIDRs. */
export function zoneText(ranges: readonly string[]): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<zone>
  <short>${zone}</short>
  <description>Kept by evcctl: the pods of the Kubernetes cluster. What they may do is in the policies evcctl-in and evcctl-through.</description>
${ranges.map(range => `  <source address="${range}"/>\n`).join('')}</zone>
`
}

/** Content of the file of the policy of one direction. */
export function policyFile(way: Way, rules: readonly FirewallRule[]): string {
  const elements = rules.filter(rule => rule.way === way).map(ruleElement)
  return `<?xml version="1.0" encoding="utf-8"?>
<policy priority="-100" target="CONTINUE">
  <short>evcctl</short>
  <description>Kept by evcctl: what the Kubernetes cluster needs. What is changed here by hand is changed back.</description>
  <ingress-zone name="ANY"/>
  <egress-zone name="${egress[way]}"/>
${elements.join('')}</policy>
`
}
