import { isIPv4 } from 'node:net'
import { beginningOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import { finalRules } from './final-rule.ts'
import { anywhere, bySource, type FirewallRule, place, portsText } from './rule.ts'

/** A table as `nft -j list table` prints it; properties that are not listed here do not matter. */
export interface NftTable {
  readonly family: string
  readonly name: string
  readonly chains: readonly NftChain[]
}

export interface NftChain {
  readonly name: string
  /** Undefined for a chain that only other chains jump to. */
  readonly hook: string | undefined
  readonly policy: string | undefined
  readonly rules: readonly Expressions[]
}

/** The statements of a rule (libnftables-json(5)), e.g. `[{ match: … }, { accept: null }]`. */
export type Expressions = readonly Readonly<Record<string, unknown>>[]

interface Listing {
  readonly nftables: readonly {
    readonly table?: { readonly family: string; readonly name: string }
    readonly chain?: { readonly name: string; readonly hook?: string; readonly policy?: string }
    readonly rule?: { readonly chain: string; readonly expr: Expressions }
  }[]
}

/** Throws UserError when nft printed no JSON. */
export function parseTable(json: string): NftTable {
  if (!json.startsWith('{')) throw noJson(json)
  const { nftables } = JSON.parse(json) as Partial<Listing>
  if (!Array.isArray(nftables)) throw noJson(json)
  const table = nftables.find(entry => entry.table !== undefined)?.table
  const rules = new Map<string, Expressions[]>()
  for (const { rule } of nftables) {
    if (rule === undefined) continue
    const before = rules.get(rule.chain)
    if (before === undefined) rules.set(rule.chain, [rule.expr])
    else before.push(rule.expr)
  }
  return {
    family: table?.family ?? '',
    name: table?.name ?? '',
    chains: nftables.flatMap(({ chain }) =>
      chain === undefined
        ? []
        : [
            {
              name: chain.name,
              hook: chain.hook,
              policy: chain.policy,
              rules: rules.get(chain.name) ?? [],
            },
          ],
    ),
  }
}

/** The same as finalRules(), for the chains of a table. */
export function finalVerdicts(table: NftTable): (chain: string) => number | undefined {
  const rules = new Map(table.chains.map(({ name, rules: its }) => [name, its]))
  return finalRules(name =>
    (rules.get(name) ?? []).map(expressions => {
      const verdict = expressions.at(-1) ?? {}
      // A rule with a condition or a limit does not drop everything.
      if (expressions.slice(0, -1).some(one => !('counter' in one) && !('log' in one))) return ''
      return 'drop' in verdict || 'reject' in verdict ? true : (jumpTargets(expressions)[0] ?? '')
    }),
  )
}

/** The chains that a rule jumps to. */
export function jumpTargets(expressions: Expressions): readonly string[] {
  return expressions.flatMap(one => {
    const { target } = (one.jump ?? one.goto ?? {}) as { readonly target?: string }
    return target ?? []
  })
}

/** Lines for nft(8), without their chain. Single addresses form a set; ranges do not, since those in a set may not touch. */
export function ruleLines(rules: readonly FirewallRule[]): readonly string[] {
  return bySource(rules).flatMap(({ rule, sources }) => {
    const single = sources.filter(source => isIPv4(source))
    const sets = single.length > 1 ? [`{ ${[...single].sort().join(', ')} }`] : single
    return [...sets, ...sources.filter(source => !isIPv4(source))].map(from => ruleLine(rule, from))
  })
}

/**
 * The rules that come before all others. Some firewalls drop loopback traffic and answers to the host: the local proxy and
 * every node need both.
 */
export const firstRules: Readonly<Record<FirewallRule['way'], readonly string[]>> = {
  in: ['iif lo accept', 'ct state established,related accept'],
  through: ['ct state established,related accept'],
}

/** Which of `firstRules` the rule is. */
export function firstRuleOf(expressions: Expressions): string | undefined {
  const [match, verdict = {}] = [expressions[0]?.match as Match | undefined, expressions[1]]
  if (expressions.length !== 2 || !('accept' in verdict)) return undefined
  if (match?.left.meta?.key === 'iif' && match.right === 'lo') return firstRules.in[0]
  const states = Array.isArray(match?.right) ? [...match.right].sort().join() : ''
  return match?.left.ct?.key === 'state' && states === 'established,related' ? firstRules.in[1] : undefined
}

/** What a rule allows; undefined when it is not of the kind that evcctl writes. */
export function parseExpressions(
  expressions: Expressions,
  way: FirewallRule['way'],
): readonly FirewallRule[] | undefined {
  const rule = { protocol: 'any' as FirewallRule['protocol'], to: anywhere, why: '' }
  let ports: FirewallRule['ports']
  let sources: readonly string[] = [anywhere]
  let isIpv4Only = false
  let translated: { readonly translated?: true } = {}
  for (const one of expressions.slice(0, -1)) {
    const match = one.match as Match | undefined
    if (match?.left.ct?.key === 'status' && String(match.right) === 'dnat') {
      translated = { translated: true }
      continue
    }
    if (match?.op !== '==') return undefined
    const { protocol, field } = match.left.payload ?? {}
    const values = placesOf(match.right)
    if (match.left.meta?.key === 'nfproto' && match.right === 'ipv4') isIpv4Only = true
    else if (protocol === 'ip' && field === 'saddr' && values !== undefined) sources = values
    else if (protocol === 'ip' && field === 'daddr' && values?.length === 1) rule.to = values[0]!
    else if ((protocol === 'tcp' || protocol === 'udp') && field === 'dport') {
      rule.protocol = protocol
      ports = rangeOf(match.right)
      if (ports === undefined) return undefined
    } else return undefined
  }
  if (!('accept' in (expressions.at(-1) ?? {}))) return undefined
  // Without an address the rule would apply to IPv6, too. That does not matter in a table of IPv4, where nft drops the match.
  if (!isIpv4Only && expressions.length === 1) return undefined
  const more = { ...(ports === undefined ? {} : { ports }), ...translated }
  return sources.map(from => ({ ...rule, way, from, ...more }))
}

function noJson(said: string): UserError {
  return new UserError({
    problem: 'The rules of nftables could not be read.',
    expected: 'JSON of nft -j list table',
    actual: said === '' ? 'nothing' : beginningOf(said, 200),
    next: 'Check whether nft was built with JSON (nft -V). If not, install the nftables of the distribution, or set spec.firewall.manage: false.',
  })
}

interface Match {
  readonly op: string
  readonly left: {
    readonly payload?: { readonly protocol: string; readonly field: string }
    readonly meta?: { readonly key: string }
    readonly ct?: { readonly key: string }
  }
  readonly right: unknown
}

function ruleLine({ protocol, ports, to, translated, why }: FirewallRule, from: string): string {
  const parts: string[] = []
  if (from !== anywhere) parts.push(`ip saddr ${from}`)
  if (to !== anywhere) parts.push(`ip daddr ${to}`)
  if (parts.length === 0) parts.push('meta nfproto ipv4')
  if (ports !== undefined) parts.push(`${protocol} dport ${portsText(ports)}`)
  if (translated) parts.push('ct status dnat')
  return `${parts.join(' ')} accept comment "${why.replaceAll(/["\\]/g, '')}"`
}

function placesOf(right: unknown): readonly string[] | undefined {
  if (typeof right === 'string') return [place(right)]
  const { prefix, set } = (right ?? {}) as {
    readonly prefix?: { readonly addr: string; readonly len: number }
    readonly set?: readonly unknown[]
  }
  if (prefix !== undefined) return [place(`${prefix.addr}/${prefix.len}`)]
  const inner = set?.map(placesOf)
  return inner?.some(places => places === undefined) ? undefined : inner?.flatMap(places => places ?? [])
}

function rangeOf(right: unknown): FirewallRule['ports'] {
  if (typeof right === 'number') return { first: right, last: right }
  const { range } = (right ?? {}) as { readonly range?: readonly [number, number] }
  return range === undefined ? undefined : { first: range[0], last: range[1] }
}
