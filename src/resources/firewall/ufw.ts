import { quote } from '../../shell/quote.ts'
import { fieldsOf, linesOf } from '../support/index.ts'
import type { FirewallBackEnd } from './back-end.ts'
import { insertLine, iptablesLines, parseAccept, ruleArguments, rulesOf } from './iptables-rule.ts'
import { anywhere, type FirewallRule, type PortRange, parsePorts, place, portsText, ruleKey } from './rule.ts'

/** A rule of ufw: several ports, one source. */
interface UfwRule {
  readonly way: FirewallRule['way']
  readonly protocol: FirewallRule['protocol']
  readonly ports: readonly PortRange[]
  readonly from: string
  readonly to: string
  readonly why: string
}

export interface UfwState {
  readonly active: boolean
  /** The rules with evcctl's comment, and those without. */
  readonly own: readonly UfwRule[]
  readonly others: readonly UfwRule[]
  /** The rules that accept in ufw's chains in the kernel. */
  readonly live: readonly FirewallRule[]
}

const mark = 'evcctl: '
const userChains = { in: 'ufw-user-input', through: 'ufw-user-forward' } as const
/** A rule of several ports takes at most 15, a range counting as two (ufw(8), iptables-extensions(8) multiport). */
const mostPorts = 15

/**
 * ufw: rules of its own kind, with a comment that begins with `evcctl:`, before the user's rules. ufw itself stores them.
 * The probe reads /etc/ufw/user.rules; `ufw status` reads the same file, but takes many times longer.
 */
export const ufw: FirewallBackEnd<UfwState> = {
  name: 'ufw',
  script: `if [ -e /etc/ufw/user.rules ]; then
  ! grep -qix 'ENABLED=yes' /etc/ufw/ufw.conf || echo ufw=enabled
  sed -n 's/^### tuple ### /tuple=/p' /etc/ufw/user.rules
fi
`,
  parse(raw) {
    const lines = iptablesLines(raw)
    const tuples = linesOf(raw, 'tuple').flatMap(parseTuple)
    return {
      // ufw may be enabled for the next boot but not loaded: then none of its rules is in force.
      active: fieldsOf(raw).get('ufw') === 'enabled' && lines.some(line => line.startsWith('-A INPUT -j ufw-')),
      own: tuples
        .filter(({ why }) => why.startsWith(mark))
        .map(rule => ({ ...rule, why: rule.why.slice(mark.length) })),
      others: tuples.filter(({ why }) => !why.startsWith(mark)),
      live: (['in', 'through'] as const).flatMap(way =>
        rulesOf(lines, userChains[way]).flatMap(line => parseAccept(line, way) ?? []),
      ),
    }
  },
  isActive: state => state.active,
  // ufw has no rule of that kind; the back end of iptables adds it.
  concerns: (_state, { translated }) => !translated,
  opened({ own, live }) {
    const kept = own.flatMap(split)
    return { now: inForce(kept, live), kept }
  },
  others: ({ others, live }) => inForce(others.flatMap(split), live),
  faults: () => [],
  steps(state, rules) {
    const wanted = grouped(rules)
    const [had, theirs] = [new Set(state.own.map(keyOf)), new Set(state.others.map(keyOf))]
    const keep = new Set(wanted.map(keyOf))
    const live = new Set(state.live.map(ruleKey))
    const lines = wanted.filter(rule => !had.has(keyOf(rule)) && !theirs.has(keyOf(rule))).map(addLine)
    // Another program may have flushed ufw's chains. They are restored as ufw itself does it, since ufw fails to delete rules
    // that are missing. A reload would also undo changes of other programs.
    for (const rule of state.own)
      if (state.active && !split(rule).every(one => live.has(ruleKey(one))))
        lines.push(insertLine(userChains[rule.way], ruleArguments(rule, rule.ports)))
    for (const rule of state.own) if (!keep.has(keyOf(rule))) lines.push(deleteLine(rule))
    return lines.length === 0 ? [] : [{ run: lines.join(''), timeoutMs: 60_000 + lines.length * 5_000 }]
  },
}

// `[route:]allow <protocol> <ports> <to> <source ports> <from> in [comment=<hex>]`; rules in another form (interfaces,
// source ports, deny) are not counted.
function parseTuple(text: string): readonly UfwRule[] {
  const [, route, protocol = '', ports = '', to, from, comment = ''] =
    /^(route:)?allow (tcp|udp|any) (\S+) (\S+) any (\S+) in(?: comment=([0-9a-f]+))?$/.exec(text) ?? []
  if (protocol === '') return []
  return [
    {
      way: route === undefined ? 'in' : 'through',
      protocol: protocol as UfwRule['protocol'],
      ports: ports.split(',').flatMap(part => parsePorts(part) ?? []),
      from: place(from),
      to: place(to),
      why: Buffer.from(comment, 'hex').toString(),
    },
  ]
}

function split({ ports, ...rule }: UfwRule): readonly FirewallRule[] {
  return ports.length === 0 ? [rule] : ports.map(range => ({ ...rule, ports: range }))
}

function inForce(rules: readonly FirewallRule[], live: readonly FirewallRule[]): readonly FirewallRule[] {
  const keys = new Set(live.map(ruleKey))
  return rules.filter(rule => keys.has(ruleKey(rule)))
}

function grouped(rules: readonly FirewallRule[]): readonly UfwRule[] {
  const groups = new Map<string, FirewallRule[]>()
  for (const rule of rules) {
    const key = [rule.way, rule.protocol, rule.ports === undefined, rule.from, rule.to].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), rule])
  }
  return [...groups.values()].flatMap(group => {
    const sorted = [...group].sort((a, b) => (a.ports?.first ?? 0) - (b.ports?.first ?? 0))
    return chunks(sorted).map(part => ({
      ...part[0]!,
      ports: part.flatMap(({ ports }) => ports ?? []),
      why: [...new Set(part.map(({ why }) => why))].join(', '),
    }))
  })
}

function chunks(rules: readonly FirewallRule[]): readonly (readonly FirewallRule[])[] {
  const found: FirewallRule[][] = []
  let room = 0
  for (const rule of rules) {
    const size = rule.ports?.first === rule.ports?.last ? 1 : 2
    if (room < size) {
      found.push([])
      room = mostPorts
    }
    found.at(-1)!.push(rule)
    room -= size
  }
  return found
}

function keyOf({ way, protocol, ports, from, to }: UfwRule): string {
  const sorted = ports.map(range => portsText(range)).sort()
  return [way, protocol, sorted.join(','), from, to].join(' ')
}

function addLine(rule: UfwRule): string {
  const route = rule.way === 'through' ? 'route ' : ''
  return `ufw ${route}prepend allow ${ruleText(rule)} comment ${quote(`${mark}${rule.why}`)}\n`
}

function deleteLine(rule: UfwRule): string {
  return `ufw ${rule.way === 'through' ? 'route ' : ''}delete allow ${ruleText(rule)}\n`
}

// `0.0.0.0/0` instead of `any`: for `any`, ufw would open IPv6 as well.
function ruleText({ protocol, ports, from, to }: UfwRule): string {
  const parts = protocol === 'any' ? [] : ['proto', protocol]
  parts.push('from', from === anywhere ? '0.0.0.0/0' : from, 'to', to === anywhere ? 'any' : to)
  if (ports.length > 0) parts.push('port', ports.map(range => portsText(range, ':')).join(','))
  return parts.join(' ')
}
