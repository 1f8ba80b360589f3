import type { FieldChange } from '../../core/resource.ts'

/** Packets that a firewall has to let through. IPv4 only, like the pod and service networks. */
export interface FirewallRule {
  /** `in`: to the host itself. `through`: forwarded by the host, as packets of its pods are. */
  readonly way: 'in' | 'through'
  /** `any`: every protocol, and then no ports. */
  readonly protocol: 'tcp' | 'udp' | 'any'
  /** Destination ports, both ends included; undefined: all. */
  readonly ports?: PortRange
  /** Source address or range; `anywhere` for all of IPv4. */
  readonly from: string
  /** Destination address or range; with `in` always `anywhere`. */
  readonly to: string
  /** Only packets whose destination was translated on this host, as that of a NodePort is. Only with `through`. */
  readonly translated?: true
  /** What needs the rule, in a few words, e.g. `etcd`. */
  readonly why: string
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** All of IPv4. */
export const anywhere = 'anywhere'

/** The key by which rules are equal; `why` is not part of it. */
export function ruleKey({ way, protocol, ports, from, to, translated }: FirewallRule): string {
  return [way, protocol, portsText(ports), from, to, ...(translated ? ['translated'] : [])].join(' ')
}

/** `2379-2380`, `6443`, or `all ports`. */
export function portsText(ports: PortRange | undefined, separator = '-'): string {
  if (ports === undefined) return 'all ports'
  return ports.first === ports.last ? String(ports.first) : `${ports.first}${separator}${ports.last}`
}

/** `2379-2380`, `2379:2380` or `6443`. */
export function parsePorts(text: string): PortRange | undefined {
  const [, first = '', last = first] = /^(\d+)(?:[-:](\d+))?$/.exec(text) ?? []
  return first === '' ? undefined : { first: Number(first), last: Number(last) }
}

/** An address or range as all firewalls print it: without `/32`; `anywhere` for an empty text and for /0. */
export function place(text: string | undefined): string {
  if (text === undefined || text === '0.0.0.0/0' || text === 'any') return anywhere
  return text.replace(/\/32$/, '')
}

/** Each rule once, in the order given. */
export function distinct(rules: readonly FirewallRule[]): readonly FirewallRule[] {
  const seen = new Map<string, FirewallRule>()
  for (const rule of rules) if (!seen.has(ruleKey(rule))) seen.set(ruleKey(rule), rule)
  return [...seen.values()]
}

/** The rules that `others` lacks. */
export function without(rules: readonly FirewallRule[], others: readonly FirewallRule[]): readonly FirewallRule[] {
  const keys = new Set(others.map(ruleKey))
  return rules.filter(rule => !keys.has(ruleKey(rule)))
}

/** The rules that `others` contains, too. */
export function common(rules: readonly FirewallRule[], others: readonly FirewallRule[]): readonly FirewallRule[] {
  return without(rules, without(rules, others))
}

/**
 * The rules in an order of their own, as scripts and files have them. The order of openings means nothing, so that another one
 * is no reason to write a firewall again.
 */
export function inOrder(rules: readonly FirewallRule[]): readonly FirewallRule[] {
  const keyed = rules.map(rule => ({ rule, key: ruleKey(rule) }))
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ rule }) => rule)
}

/** Groups of rules that differ only in the source, in the order of the first rule of each. */
export function bySource(
  rules: readonly FirewallRule[],
): readonly { readonly rule: FirewallRule; readonly sources: readonly string[] }[] {
  const groups = new Map<string, { rule: FirewallRule; sources: string[] }>()
  for (const rule of rules) {
    const key = ruleKey({ ...rule, from: '' })
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { rule, sources: [rule.from] })
    else group.sources.push(rule.from)
  }
  return [...groups.values()].map(({ rule, sources }) => ({
    rule,
    sources: sources.includes(anywhere) ? [anywhere] : sources,
  }))
}

/** The changes, a field for each port: the sources for which it was open and will be, and why. */
export function openings(before: readonly FirewallRule[], after: readonly FirewallRule[]): readonly FieldChange[] {
  const was = new Map(bySource(before).map(group => [fieldOf(group.rule), group]))
  const will = new Map(bySource(after).map(group => [fieldOf(group.rule), group]))
  return [...new Set([...will.keys(), ...was.keys()])].flatMap(field => {
    const [old, wanted] = [was.get(field), will.get(field)]
    const [from, to] = [text(old?.sources), text(wanted?.sources)]
    if (from === to) return []
    const why = wanted?.rule.why ?? old?.rule.why ?? ''
    const reason = why === '' ? '' : ` (${why})`
    if (to === undefined) return [{ field, before: `for ${from}${reason}`, after: 'closed' }]
    return [{ field, ...(from === undefined ? {} : { before: `for ${from}` }), after: `for ${to}${reason}` }]
  })
}

function fieldOf({ way, protocol, ports, to, translated }: FirewallRule): string {
  if (way === 'in') return protocol === 'any' ? 'all ports' : `${protocol} ${portsText(ports)}`
  const all = translated ? 'forwarding of translated packets' : 'forwarding'
  const what = protocol === 'any' ? all : `forwarding of ${protocol} ${portsText(ports)}`
  return to === anywhere ? what : `${what} to ${to}`
}

function text(sources: readonly string[] | undefined): string | undefined {
  return sources === undefined ? undefined : [...sources].sort().join(', ')
}
