import type { ProbeResult } from '../../core/resource.ts'
import { linesOf } from '../support/index.ts'
import { finalRules } from './final-rule.ts'
import { type FirewallRule, parsePorts, place, portsText } from './rule.ts'

/**
 * Prints the rules of the filter table as `iptables -S` lists them, without those of Kubernetes and Docker: they are many,
 * and do not matter here.
 */
export const iptablesScript = `if command -v iptables >/dev/null 2>&1; then
  iptables -S 2>/dev/null | sed -n -E '/^-[AN] (KUBE|FLANNEL|CNI|cali|CILIUM|DOCKER)-/!s/^/iptables=/p'
fi
`

export function iptablesLines(raw: ProbeResult): readonly string[] {
  return linesOf(raw, 'iptables')
}

/** The chain's rules in order, without `-A CHAIN `. */
export function rulesOf(lines: readonly string[], chain: string): readonly string[] {
  const prefix = `-A ${chain} `
  return lines.filter(line => line.startsWith(prefix)).map(line => line.slice(prefix.length))
}

/** The arguments of a rule that accepts; several ranges of ports go into one rule. */
export function ruleArguments(
  { protocol, from, to, translated }: Pick<FirewallRule, 'protocol' | 'from' | 'to' | 'translated'>,
  ports: readonly NonNullable<FirewallRule['ports']>[],
): string {
  const parts: string[] = []
  if (place(from) !== 'anywhere') parts.push('-s', from)
  if (place(to) !== 'anywhere') parts.push('-d', to)
  if (protocol !== 'any') parts.push('-p', protocol)
  const [only] = ports
  if (ports.length === 1 && only?.first === only?.last) parts.push('-m', protocol, '--dport', portsText(only))
  else if (ports.length > 0)
    parts.push('-m', 'multiport', '--dports', ports.map(range => portsText(range, ':')).join(','))
  if (translated) parts.push('-m', 'conntrack', '--ctstate', 'DNAT')
  return parts.join(' ')
}

/** One rule of iptables-restore's format, with a comment. */
export function restoreLine(chain: string, rule: FirewallRule): string {
  const ports = rule.ports === undefined ? [] : [rule.ports]
  const given = ruleArguments(rule, ports)
  return `-A ${chain}${given === '' ? '' : ` ${given}`} -m comment --comment "${rule.why.replaceAll(/["\\]/g, '')}" -j ACCEPT`
}

/** What a rule of `iptables -S` allows; undefined when it is not of the kind that evcctl writes. */
export function parseAccept(line: string, way: FirewallRule['way']): readonly FirewallRule[] | undefined {
  const [, quoted, bare] = / -m comment --comment (?:"([^"]*)"|(\S+))/.exec(` ${line}`) ?? []
  const words = ` ${line}`
    .replace(/ -m comment --comment (?:"[^"]*"|\S+)/, '')
    .trim()
    .split(/\s+/)
  const given = new Map<string, string>()
  for (let at = 0; at < words.length; at += 2) {
    const [option = '', value = ''] = [words[at], words[at + 1]]
    if (!['-s', '-d', '-p', '-m', '--dport', '--dports', '--ctstate', '-j'].includes(option)) return undefined
    if (option === '-m' ? !['tcp', 'udp', 'multiport', 'conntrack'].includes(value) : given.has(option))
      return undefined
    given.set(option, value)
  }
  const protocol = given.get('-p') ?? 'any'
  if (given.get('-j') !== 'ACCEPT' || !isProtocol(protocol)) return undefined
  const state = given.get('--ctstate')
  if (state !== undefined && state !== 'DNAT') return undefined
  const rule: FirewallRule = {
    way,
    protocol,
    from: place(given.get('-s')),
    to: place(given.get('-d')),
    ...(state === undefined ? {} : { translated: true }),
    why: quoted ?? bare ?? '',
  }
  const ports = given.get('--dport') ?? given.get('--dports')
  if (ports === undefined) return [rule]
  return ports.split(',').flatMap(text => {
    const range = parsePorts(text)
    return range === undefined ? [] : [{ ...rule, ports: range }]
  })
}

/** The chain, of this one and those it leads to, where everything that is left is dropped; undefined: none. */
export function finalDrop(lines: readonly string[], chain: string): number | undefined {
  const rules = new Map<string, string[]>()
  for (const line of lines) {
    const [, name, rule = ''] = /^-A (\S+) (.*)$/.exec(line) ?? []
    if (name === undefined) continue
    const before = rules.get(name)
    if (before === undefined) rules.set(name, [rule])
    else before.push(rule)
  }
  return finalRules(name =>
    (rules.get(name) ?? []).map(rule => {
      const [, target = ''] = /^(?:-m comment --comment (?:"[^"]*"|\S+) )?-[jg] (\S+)/.exec(rule) ?? []
      return target === 'DROP' || target === 'REJECT' ? true : target
    }),
  )(chain)
}

/** The line of sh that adds the rule at the head of its chain. */
export function insertLine(chain: string, given: string): string {
  return `iptables -w -I ${chain} 1 ${given} -j ACCEPT\n`
}

function isProtocol(text: string): text is FirewallRule['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'any'
}
