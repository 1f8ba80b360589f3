import { linesOf } from '../support/index.ts'
import type { FirewallBackEnd } from './back-end.ts'
import {
  finalVerdicts,
  firstRuleOf,
  firstRules,
  jumpTargets,
  type NftTable,
  parseExpressions,
  parseTable,
  ruleLines,
} from './nftables-rule.ts'
import { type FirewallRule, ruleKey } from './rule.ts'
import {
  type FirewallUnit,
  type FirewallUnitState,
  parseUnitState,
  unitFaults,
  unitRemoval,
  unitStateScript,
  unitSteps,
} from './unit.ts'

export interface NftablesState {
  /** Chains of the user that see incoming or forwarded packets. */
  readonly chains: readonly BaseChain[]
  readonly boot: FirewallUnitState
}

interface BaseChain extends OwnChain {
  readonly way: FirewallRule['way']
  /** `inet filter` */
  readonly table: string
  readonly name: string
  /** Whether the chain ends with a drop: then the cluster needs rules in it. */
  readonly drops: boolean
  /** Whether the chain jumps to evcctl's chain before it drops. */
  readonly reached: boolean
}

interface OwnChain {
  /** Whether evcctl's chain is in the table. */
  readonly exists: boolean
  readonly rules: readonly FirewallRule[]
  /** Number of rules in evcctl's chain that evcctl did not write. */
  readonly strange: number
  /** The rules of `firstRules` that evcctl's chain lacks. */
  readonly missing: readonly string[]
}

const ways = { input: 'in', forward: 'through' } as const
const own = { in: 'evcctl_input', through: 'evcctl_forward' } as const

const unit: FirewallUnit = { name: 'nftables', services: ['nftables.service'] }

/**
 * nftables tables that the user loads. What one table accepts, another can still drop, so each of the user's chains that
 * drops packets gets a jump to a chain of evcctl's own, as its first rule. Tables of iptables, firewalld and kube-proxy are
 * not among them.
 */
export const nftables: FirewallBackEnd<NftablesState> = {
  name: 'nftables',
  script: `if command -v nft >/dev/null 2>&1; then
  nft list chains 2>/dev/null | awk '
    $1 == "table" { table = $2 " " $3 }
    $1 == "chain" { chain = $2 }
    /type filter hook (input|forward) / && table ~ /^(inet|ip) / && table !~ /^(inet firewalld|ip kube-proxy)$/ {
      if (table == "ip filter" && chain ~ /^(INPUT|FORWARD)$/) next
      if (!(table in seen)) print table
      seen[table] = 1
    }' | while read -r family name; do echo "nft=$(nft -j -t list table "$family" "$name" | tr -d '\\n')"; done
fi
${unitStateScript(unit)}`,
  parse: raw => ({
    chains: linesOf(raw, 'nft').flatMap(json => baseChains(parseTable(json))),
    boot: parseUnitState(raw, unit),
  }),
  isActive: ({ chains }) => chains.some(({ drops }) => drops),
  concerns: ({ chains }, { way }) => chains.some(chain => chain.drops && chain.way === way),
  opened({ chains }) {
    const relevant = chains.filter(({ drops }) => drops)
    const now = Object.values(ways).flatMap(way => inAll(relevant.filter(chain => chain.way === way)))
    return { now, kept: now }
  },
  others: () => [],
  *faults({ chains, boot }, rules) {
    yield* unitFaults(unit, boot, rules.length === 0 ? undefined : scriptOf(chains, rules))
    for (const { table, name, way, drops, exists, reached, strange, missing } of chains) {
      const field = `${table} ${own[way]}`
      if (rules.length === 0 && exists) yield { field, before: 'a chain', after: 'removed' }
      if (rules.length === 0 || !drops) continue
      if (!reached) yield { field, after: `first in ${name}` }
      if (exists && strange > 0) yield { field, before: `${strange} of another hand`, after: 'closed' }
      if (exists) for (const rule of missing) yield { field, after: rule }
    }
  },
  steps({ chains }, rules) {
    if (rules.length > 0) return unitSteps(unit, scriptOf(chains, rules))
    return [{ run: `${unitRemoval(unit)}${removeChains(chains)}` }]
  },
}

function baseChains(table: NftTable): readonly BaseChain[] {
  const verdict = finalVerdicts(table)
  const owned = { in: ownChain(table, 'in'), through: ownChain(table, 'through') }
  return table.chains.flatMap(chain => {
    if (chain.hook !== 'input' && chain.hook !== 'forward') return []
    const way = ways[chain.hook]
    const jump = chain.rules.findIndex(rule => jumpTargets(rule).includes(own[way]))
    const drop = verdict(chain.name)
    return [
      {
        way,
        table: `${table.family} ${table.name}`,
        name: chain.name,
        drops: chain.policy === 'drop' || drop !== undefined,
        reached: jump !== -1 && (drop === undefined || jump < drop),
        ...owned[way],
      },
    ]
  })
}

// All chains of a table share one chain of evcctl's own.
function ownChain(table: NftTable, way: FirewallRule['way']): OwnChain {
  const ours = table.chains.find(({ name }) => name === own[way])
  const first = (ours?.rules ?? []).flatMap(rule => firstRuleOf(rule) ?? [])
  const others = (ours?.rules ?? []).filter(rule => firstRuleOf(rule) === undefined)
  const parsed = others.map(rule => parseExpressions(rule, way))
  return {
    exists: ours !== undefined,
    rules: parsed.flatMap(rules => rules ?? []),
    strange: parsed.filter(rules => rules === undefined).length,
    missing: firstRules[way].filter(rule => !first.includes(rule)),
  }
}

const noRules: readonly FirewallRule[] = []

// A packet has to pass all chains, so a rule counts as open only if all of them have it.
function inAll(chains: readonly BaseChain[]): readonly FirewallRule[] {
  // The chains of one table share evcctl's chain, so they have the same rules.
  const [first, ...others] = new Set(chains.map(({ reached, rules }) => (reached ? rules : noRules)))
  const keys = others.map(rules => new Set(rules.map(ruleKey)))
  return (first ?? []).filter(rule => keys.every(known => known.has(ruleKey(rule))))
}

function scriptOf(chains: readonly BaseChain[], rules: readonly FirewallRule[]): string {
  const calls = chains
    .filter(({ drops }) => drops)
    .map(({ table, name, way }) => {
      const lines = [...firstRules[way], ...ruleLines(rules.filter(rule => rule.way === way))]
      return `open ${table} ${name} ${own[way]} <<'END'\n${lines.join('\n')}\nEND\n`
    })
  return `#!/bin/sh
# Kept by evcctl: what is changed here by hand is changed back. What the Kubernetes cluster needs open, in chains of its own.
status=0
# open <family> <table> <chain> <own chain>, in one transaction
open() {
  nft list chain "$1" "$2" "$3" >/dev/null || { status=1; return; }
  {
    nft -a list chain "$1" "$2" "$3" | sed -n "s/^.*jump $4 .*# handle \\([0-9]*\\)$/delete rule $1 $2 $3 handle \\1/p"
    echo "add chain $1 $2 $4"
    echo "flush chain $1 $2 $4"
    sed "s/^/add rule $1 $2 $4 /"
    echo "insert rule $1 $2 $3 jump $4 comment \\"evcctl\\""
  } | nft -f - || status=1
}
${calls.join('')}exit "$status"
`
}

function removeChains(chains: readonly BaseChain[]): string {
  const found = chains.filter(({ exists }) => exists)
  const jumps = found.map(({ table, name, way }) => `leave ${table} ${name} ${own[way]}\n`)
  const owned = new Set(found.map(({ table, way }) => `nft delete chain ${table} ${own[way]}\n`))
  if (owned.size === 0) return ''
  return `leave() {
  nft -a list chain "$1" "$2" "$3" | sed -n "s/^.*jump $4 .*# handle \\([0-9]*\\)$/delete rule $1 $2 $3 handle \\1/p" | nft -f -
}
${jumps.join('')}${[...owned].join('')}`
}
