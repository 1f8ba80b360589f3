import { beginningOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import type { FieldChange, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { fieldsOf, linesOf } from '../support/index.ts'
import type { FirewallBackEnd } from './back-end.ts'
import { policyFile, policyName, policyPath, ways, zone, zonePath, zoneText } from './firewalld-files.ts'
import { parseRich, richRule, type Way } from './firewalld-rule.ts'
import { anywhere, type FirewallRule } from './rule.ts'

export interface FirewalldState {
  readonly active: boolean
  /** Rich rules of evcctl's policies that are in force; undefined where the policy is not loaded. */
  readonly loaded: Readonly<Record<Way, readonly string[] | undefined>>
  /** Content of the policies' files. */
  readonly files: Readonly<Record<Way, string | undefined>>
  /** Ranges of evcctl's zone; undefined where it is not loaded. */
  readonly sources: readonly string[] | undefined
  readonly zoneFile: string | undefined
  /** Ranges that are in zones of the user. */
  readonly others: readonly string[]
}

const differs = 'evcctl: rules that are not permanent'

/**
 * firewalld: two policies of evcctl's own (firewalld.policies(5), firewalld 0.9 or newer), which come before the user's
 * zones. A zone for the nodes would remove them from the user's zones, and with that what these zones allow. Only pods get a
 * zone: where neither of two interfaces is in a zone, as is so for those of pods, firewalld 2.3 applies no policy to
 * forwarded packets. The rules in force are read over D-Bus, because firewall-cmd takes a hundred times longer.
 */
export const firewalld: FirewallBackEnd<FirewalldState> = {
  name: 'firewalld',
  script: `if [ -d /etc/firewalld ]; then
  for way in ${ways.join(' ')}; do
    if [ -e /etc/firewalld/policies/evcctl-$way.xml ]; then echo "firewalld-file=$way $(base64 </etc/firewalld/policies/evcctl-$way.xml | tr -d '\\n')"; fi
  done
  if [ -e ${zonePath} ]; then echo "firewalld-zone-file=$(base64 <${zonePath} | tr -d '\\n')"; fi
  for file in /etc/firewalld/zones/*.xml; do
    case $file in */${zone}.xml | *'*'*) ;; *) sed -n 's/^  <source address="\\([^"]*\\)".*/firewalld-other=\\1/p' "$file" ;; esac
  done
  if systemctl is-active --quiet firewalld.service; then
    echo firewalld=active
    echo "firewalld-sources=$(busctl call --json=short org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1.zone getSources s ${zone} 2>/dev/null)"
    for way in ${ways.join(' ')}; do
      echo "firewalld-policy=$way $(busctl call --json=short org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1.policy getPolicySettings s "evcctl-$way" 2>/dev/null)"
    done
  fi
fi
`,
  parse(raw) {
    const word = (key: string, way: Way) =>
      linesOf(raw, key)
        .find(line => line.startsWith(`${way} `))
        ?.slice(way.length + 1)
    const file = (way: Way) => textOf(word('firewalld-file', way))
    return {
      active: fieldsOf(raw).get('firewalld') === 'active',
      loaded: {
        in: richRules(word('firewalld-policy', 'in')),
        through: richRules(word('firewalld-policy', 'through')),
      },
      files: { in: file('in'), through: file('through') },
      sources: sourcesOf(fieldsOf(raw).get('firewalld-sources')),
      zoneFile: textOf(fieldsOf(raw).get('firewalld-zone-file')),
      others: linesOf(raw, 'firewalld-other'),
    }
  },
  isActive: state => state.active,
  // Unless StrictForwardPorts of firewalld.conf(5) is set, firewalld itself lets translated packets through.
  concerns: (_state, { translated }) => !translated,
  opened({ loaded, sources = [], others }) {
    const rules = ways.flatMap(way => (loaded[way] ?? []).flatMap(text => parseRich(text, way) ?? []))
    const zoned = [...sources, ...others]
    const now = rules.filter(rule => rule.way === 'in' || zoned.includes(podRange(rule)))
    return { now, kept: now }
  },
  others: () => [],
  *faults({ active, loaded, files, sources, zoneFile, others }, rules) {
    const pods = podRanges(rules, others)
    const wantedZone = pods.length === 0 ? undefined : zoneText(pods)
    if (zoneFile !== wantedZone) yield { field: zonePath, ...changeOf(zoneFile, wantedZone) }
    else if (active && pods.join() !== (sources ?? []).join())
      yield {
        field: `zone ${zone}`,
        ...(sources?.length ? { before: sources.join(', ') } : {}),
        after: pods.join(', '),
      }
    for (const way of ways) {
      const wanted = rules.length === 0 ? undefined : policyFile(way, rules)
      if (files[way] !== wanted) yield { field: policyPath(way), ...changeOf(files[way], wanted) }
      else if (active && wanted !== undefined && loaded[way] === undefined)
        yield { field: `policy ${policyName(way)}`, after: 'loaded' }
      const strange = (loaded[way] ?? []).filter(text => parseRich(text, way) === undefined)
      for (const text of strange) yield { field: `policy ${policyName(way)}`, before: text, after: 'closed' }
    }
  },
  steps(state, rules) {
    if (rules.length === 0) return [{ run: removal(state) }]
    const pods = podRanges(rules, state.others)
    const hasZone = pods.join() === (state.sources ?? []).join()
    const isLoaded = hasZone && ways.every(way => state.loaded[way] !== undefined)
    const steps: Step[] = [
      { run: `umask 022\nmkdir -p /etc/firewalld/policies /etc/firewalld/zones\n${isLoaded ? '' : guard}` },
    ]
    for (const way of ways) steps.push({ write: policyPath(way), content: policyFile(way, rules), mode: 0o644 })
    if (pods.length > 0) steps.push({ write: zonePath, content: zoneText(pods), mode: 0o644 })
    else steps.push({ run: `rm -f ${zonePath}\n` })
    steps.push({ run: isLoaded ? changeLoaded(state, rules) : 'firewall-cmd --quiet --reload\n' })
    return steps
  },
  explain(failure) {
    if (failure.stderr.includes(differs)) {
      return {
        problem:
          'firewalld has rules that are in force but not permanent: the reload that evcctl needs would drop them.',
        expected: 'the same rules now as after a reload',
        actual: failure.stdout.trim(),
        next: 'Keep them: firewall-cmd --runtime-to-permanent; or drop them: firewall-cmd --reload. Then apply again.',
      }
    }
    if (!/INVALID_POLICY|unrecognized arguments: --policy/.test(failure.stderr)) return undefined
    return {
      problem: 'firewalld does not accept the policies of evcctl.',
      expected: 'firewalld 0.9 or newer',
      actual: failure.stderr.trim(),
      next: 'Update firewalld, or set spec.firewall.manage: false and open the ports yourself.',
    }
  },
}

// A new policy needs a reload, and a reload drops rules that are not permanent: perhaps the port of SSH. It also drops the
// assignment of interfaces to zones (FlushAllOnReload of firewalld.conf(5)), but NetworkManager restores its own.
const guard = `interfaces=-
! systemctl is-active --quiet NetworkManager.service || interfaces=interfaces
evcctl_rules() {
  { firewall-cmd "$@" --list-all-zones; firewall-cmd "$@" --list-all-policies; firewall-cmd "$@" --direct --get-all-rules; } 2>/dev/null |
    sed -e 's/ ([a-z, ]*)$//' -e "/^  $interfaces:/d" -e '/^evcctl-/,/^$/d'
}
before=$(evcctl_rules)
after=$(evcctl_rules --permanent)
if [ "$before" != "$after" ]; then
  echo '${differs}' >&2
  printf '%s\\n' "$before" >/run/evcctl-firewalld-now
  printf '%s\\n' "$after" | diff - /run/evcctl-firewalld-now | sed -n 's/^[<>]/&/p'
  rm -f /run/evcctl-firewalld-now
  exit 1
fi
`

function changeLoaded(state: FirewalldState, rules: readonly FirewallRule[]): string {
  return ways.map(way => commandFor(way, state.loaded[way] ?? [], richOf(way, rules))).join('')
}

function commandFor(way: Way, had: readonly string[], wanted: readonly string[]): string {
  const command = (option: string, texts: readonly string[]) =>
    texts.length === 0
      ? ''
      : `firewall-cmd --quiet --policy=${policyName(way)} ${texts.map(text => `--${option}-rich-rule=${quote(text)}`).join(' ')}\n`
  // firewalld does not accept both lists at once. Additions come first, so that nothing that stays allowed is ever closed.
  const added = wanted.filter(text => !had.includes(text))
  const removed = had.filter(text => !wanted.includes(text))
  return command('add', added) + command('remove', removed)
}

// The policies and the zone stay loaded, empty, until the next reload of firewalld.
function removal(state: FirewalldState): string {
  const lines = ways.map(way => commandFor(way, state.loaded[way] ?? [], []))
  const sources = (state.sources ?? []).map(range => `firewall-cmd --quiet --zone=${zone} --remove-source=${range}\n`)
  // firewalld must not find out by itself that a file is gone: until its next reload it could not list what is permanent.
  const deletions = ['zone=evcctl-pods', ...ways.map(way => `policy=${policyName(way)}`)].map(
    what => `firewall-cmd --quiet --permanent --delete-${what} 2>/dev/null || :\n`,
  )
  const files = [...ways.map(policyPath), zonePath].flatMap(file => [file, `${file}.old`])
  return `${[...lines, ...sources, ...(state.active ? deletions : [])].join('')}rm -f ${files.join(' ')}\n`
}

/** The range of pods that a rule of forwarding is about. */
function podRange({ from, to }: FirewallRule): string {
  return to === anywhere ? from : to
}

// A range can be in one zone only: if the user has put it into another zone, that works as well.
function podRanges(rules: readonly FirewallRule[], others: readonly string[]): readonly string[] {
  const ranges = new Set(rules.filter(({ way }) => way === 'through').map(podRange))
  return [...ranges].filter(range => range !== anywhere && !others.includes(range)).sort()
}

function textOf(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
}

function sourcesOf(json: string | undefined): readonly string[] | undefined {
  if (json === undefined || json === '') return undefined
  return [...texts(replyOf(json))].sort()
}

// busctl(1), --json: `{"type":"as","data":[…]}`.
function replyOf(json: string): unknown {
  const reply = JSON.parse(json) as { readonly data?: readonly unknown[] } | null
  if (!Array.isArray(reply?.data))
    throw new UserError({ problem: 'The output of firewalld cannot be read.', actual: beginningOf(json, 300) })
  return reply.data[0]
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

function changeOf(before: string | undefined, after: string | undefined): Pick<FieldChange, 'before' | 'after'> {
  const said = before === undefined ? {} : { before: after === undefined ? 'a policy' : 'another policy' }
  return { ...said, after: after === undefined ? 'removed' : 'kept for the next start' }
}

function richOf(way: Way, rules: readonly FirewallRule[]): readonly string[] {
  return rules.filter(rule => rule.way === way).map(richRule)
}

function richRules(json: string | undefined): readonly string[] | undefined {
  if (json === undefined || json === '') return undefined
  const settings = replyOf(json) as { readonly rich_rules?: { readonly data?: unknown } } | null | undefined
  return texts(settings?.rich_rules?.data)
}
