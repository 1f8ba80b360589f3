import { fieldsOf } from '../support/index.ts'
import type { FirewallBackEnd } from './back-end.ts'
import { finalDrop, iptablesLines, parseAccept, restoreLine, rulesOf } from './iptables-rule.ts'
import type { FirewallRule } from './rule.ts'
import {
  type FirewallUnit,
  type FirewallUnitState,
  parseUnitState,
  unitFaults,
  unitRemoval,
  unitStateScript,
  unitSteps,
} from './unit.ts'

export interface IptablesState {
  /** `all`: these rules block packets. `translated`: ufw blocks them, and it has no rule for translated packets. */
  readonly opens: 'all' | 'translated' | 'nothing'
  readonly chains: readonly OwnChain[]
  readonly boot: FirewallUnitState
}

interface OwnChain {
  readonly way: FirewallRule['way']
  readonly exists: boolean
  /** The built-in chain jumps here before it drops. */
  readonly reached: boolean
  readonly rules: readonly FirewallRule[]
  /** Rules that evcctl did not write, and those of `firstRules` that are missing. */
  readonly strange: readonly string[]
  readonly missing: readonly string[]
}

const builtIn = { in: 'INPUT', through: 'FORWARD' } as const
const ways = ['in', 'through'] as const
const own = (way: FirewallRule['way']) => `EVCCTL-${builtIn[way]}`

/** Debian's service of iptables-persistent, and other services that load rules. */
const loaders = ['netfilter-persistent.service', 'iptables.service', 'ferm.service']
const unitOf = (opens: IptablesState['opens']): FirewallUnit => ({
  name: 'iptables',
  services: opens === 'translated' ? ['ufw.service'] : loaders,
})

// With ufw, only forwarded packets are left to do here: ufw's own rules allow the others.
const waysOf = (opens: IptablesState['opens']) => (opens === 'translated' ? (['through'] as const) : ways)

// Some firewalls drop loopback traffic and answers to the host: the local proxy and every node need both.
function firstRules(opens: IptablesState['opens'], way: FirewallRule['way']): readonly string[] {
  if (opens === 'translated') return []
  return [...(way === 'in' ? ['-i lo'] : []), '-m conntrack --ctstate RELATED,ESTABLISHED']
}

/**
 * iptables rules that some service loads: chains of evcctl's own, to which INPUT and FORWARD jump first. The `iptables`
 * command of the host decides whether it uses the kernel's nf_tables or its older interface.
 */
export const iptables: FirewallBackEnd<IptablesState> = {
  name: 'iptables',
  script: unitStateScript(unitOf('all')),
  parse(raw) {
    const lines = iptablesLines(raw)
    const opens =
      fieldsOf(raw).get('ufw') === 'enabled' && isUfw(lines) ? 'translated' : isFirewall(lines) ? 'all' : 'nothing'
    return {
      opens,
      chains: ways.map(way => ownChain(lines, way, opens)),
      boot: parseUnitState(raw, unitOf(opens)),
    }
  },
  isActive: ({ opens }) => opens !== 'nothing',
  concerns: ({ opens }, { translated }) => opens === 'all' || (opens === 'translated' && translated === true),
  opened({ chains }) {
    const now = chains.flatMap(({ reached, rules }) => (reached ? rules : []))
    return { now, kept: now }
  },
  others: () => [],
  *faults({ opens, chains, boot }, rules) {
    yield* unitFaults(unitOf(opens), boot, rules.length === 0 ? undefined : scriptOf(opens, rules))
    for (const { way, strange, missing, exists, reached } of chains) {
      if (rules.length > 0 && !waysOf(opens).some(one => one === way)) continue
      for (const text of strange) yield { field: own(way), before: text, after: 'closed' }
      if (rules.length > 0 && exists) for (const text of missing) yield { field: own(way), after: text }
      if (rules.length === 0 && exists) yield { field: own(way), before: 'a chain', after: 'removed' }
      if (rules.length > 0 && !reached) yield { field: own(way), after: `first in ${builtIn[way]}` }
    }
  },
  steps({ opens }, rules) {
    const unit = unitOf(opens)
    if (rules.length > 0) return unitSteps(unit, scriptOf(opens, rules))
    return [{ run: `${unitRemoval(unit)}${removeChains()}` }]
  },
}

function isUfw(lines: readonly string[]): boolean {
  return lines.some(line => line.startsWith('-A INPUT -j ufw-'))
}

// ufw and firewalld (with its older back end) keep their own rules there. Docker by itself forwards no packets of others;
// pod networks handle that themselves.
function isFirewall(lines: readonly string[]): boolean {
  if (isUfw(lines) || lines.some(line => line.startsWith('-A INPUT -j INPUT_direct'))) return false
  const drops = (chain: string) => lines.includes(`-P ${chain} DROP`) || finalDrop(lines, chain) !== undefined
  const hasDocker = lines.some(line => /^-A FORWARD .*-j DOCKER/.test(`${line} `))
  return drops('INPUT') || (drops('FORWARD') && !hasDocker)
}

function ownChain(lines: readonly string[], way: FirewallRule['way'], opens: IptablesState['opens']): OwnChain {
  const chain = own(way)
  const found = rulesOf(lines, builtIn[way])
  const jump = found.indexOf(`-j ${chain}`)
  const drop = finalDrop(lines, builtIn[way])
  const first = firstRules(opens, way).map(rule => `${rule} -j ACCEPT`)
  const all = rulesOf(lines, chain)
  const parsed = all.filter(line => !first.includes(line)).map(line => ({ line, rules: parseAccept(line, way) }))
  return {
    way,
    exists: lines.includes(`-N ${chain}`),
    reached: jump !== -1 && (drop === undefined || jump < drop),
    rules: parsed.flatMap(({ rules }) => rules ?? []),
    strange: parsed.flatMap(({ line, rules }) => (rules === undefined ? [line] : [])),
    missing: first.filter(line => !all.includes(line)),
  }
}

function scriptOf(opens: IptablesState['opens'], rules: readonly FirewallRule[]): string {
  const concerned = waysOf(opens)
  const lines = concerned.flatMap(way => [
    ...firstRules(opens, way).map(first => `-A ${own(way)} ${first} -j ACCEPT`),
    ...rules.filter(rule => rule.way === way).map(rule => restoreLine(own(way), rule)),
  ])
  return `#!/bin/sh
# Kept by evcctl: what is changed here by hand is changed back. What the Kubernetes cluster needs open, in chains of its own.
set -eu
iptables-restore -w --noflush <<'END'
*filter
${concerned.map(way => `:${own(way)} - [0:0]\n`).join('')}${lines.join('\n')}
COMMIT
END
# First in the chain, and only once; in this order there is no moment without it.
for chain in ${concerned.map(way => builtIn[way]).join(' ')}; do
  iptables -w -I "$chain" 1 -j "EVCCTL-$chain"
  iptables -w -S "$chain" | grep '^-A ' | grep -nxF -e "-A $chain -j EVCCTL-$chain" | sed -e 1d -e 's/:.*//' | sort -rn |
    while read -r number; do iptables -w -D "$chain" "$number"; done
done
`
}

function removeChains(): string {
  return `for chain in ${ways.map(way => builtIn[way]).join(' ')}; do
  while iptables -w -D "$chain" -j "EVCCTL-$chain" 2>/dev/null; do :; done
  if iptables -w -F "EVCCTL-$chain" 2>/dev/null; then iptables -w -X "EVCCTL-$chain"; fi
done
`
}
