import { readFileSync } from 'node:fs'
import type { LocalHosts } from '../../../src/local/hosts.ts'

/** What a host is like: lines `kind subject`, each with what is said of it. */
export type HostPicture = ReadonlyMap<string, string>

// Kernel and devices; and what changes by itself, or by being logged into.
const leftOut = [
  '/proc',
  '/sys',
  '/dev',
  '/tmp',
  '/run/systemd',
  '/run/user',
  '/run/sudo',
  '/run/log',
  '/var/lib/systemd/timers',
  "'/var/tmp/systemd-private-*'",
]
// Settings outside of net belong to the machine that all containers share, and other tests change them. How many connections are
// tracked, and settings of interfaces, which come and go with these, change by themselves.
const sysctlsLeftOut = '^net[.](netfilter[.]nf_conntrack_count|ipv[46][.](conf|neigh)[.])'

const script = `export LC_ALL=C
find / \\( ${leftOut.map(path => `-path ${path}`).join(' -o ')} \\) -prune -o -type f -printf 'file\\t%p\\t%m %U:%G %s\\n' -o -printf 'file\\t%p\\t%y %m %U:%G %l\\n'
find /etc /var/lib /var/backups /opt /root /usr/local -xdev -type f -size -4M -exec sha256sum {} + 2>/dev/null | awk '{ h = $1; $1 = ""; print "content\\t" substr($0, 2) "\\t" h }'
systemctl list-unit-files --no-legend --no-pager | awk '{ print "unit\\t" $1 "\\t" $2 }'
systemctl list-units --all --plain --no-legend --no-pager --type service,socket,timer | awk '$1 !~ /^(session|user)/ && $2 != "not-found" { print "state\\t" $1 "\\t" $2 " " ($3 == "failed" ? $3 : "") }'
for filter in iptables-nft ip6tables-nft; do
  $filter-save 2>/dev/null | awk -v f=$filter '/^[*]/ { t = substr($1, 2) } /^:/ { print ($2 == "-" ? "chain" : "table") "\\t" f " " t " " $1 "\\t" $2 } /^-A/ { print "rule\\t" f " " t " " $0 "\\tthere" }'
done
nft list ruleset 2>/dev/null | awk '/^table/ { t = $2 " " $3; print "table\\t" t "\\tthere"; next } t ~ /^inet/ && NF > 1 { gsub(/counter packets [0-9]+ bytes [0-9]+ /, ""); print "rule\\t" t " " $0 "\\tthere" }'
for device in /sys/class/net/*; do printf 'interface\\t%s\\tthere\\n' "\${device##*/}"; done
ip -4 route show table all | awk '{ print "route\\t" $0 "\\tthere" }'
awk '{ print "mount\\t" $5 "\\tthere" }' /proc/self/mountinfo | grep -v -P '^mount\\t/(proc|sys|dev|run)(/|\\t)' || :
sysctl -a 2>/dev/null | grep '^net[.]' | grep -v -E '${sysctlsLeftOut}' | awk -F ' = ' '{ print "sysctl\\t" $1 "\\t" $2 }'
`

/** Takes a picture of a host: files, units, packet filter, interfaces, routes, mounts, kernel settings. It only reads. */
export async function pictureOf(hosts: LocalHosts, name: string): Promise<HostPicture> {
  const { stdout, stderr, exitCode } = await hosts.exec(name, script)
  if (exitCode !== 0) throw new Error(`picture of ${name}: exit code ${exitCode}: ${stderr}`)
  const lines = stdout.split('\n').filter(line => line !== '')
  return new Map(
    lines.map(line => {
      const [kind = '', subject = '', ...said] = line.split('\t')
      return [
        `${kind === 'content' ? 'file' : kind} ${subject}${kind === 'content' ? ' (content)' : ''}`,
        said.join(' '),
      ]
    }),
  )
}

/** What differs between two pictures, a line each, without what docs/operations/reset.md lists. */
export function undocumented(before: HostPicture, after: HostPicture): readonly string[] {
  const patterns = documentedPatterns()
  const subjects = new Set([...before.keys(), ...after.keys()])
  return [...subjects]
    .filter(subject => before.get(subject) !== after.get(subject))
    .filter(subject => !patterns.some(pattern => pattern.test(subject)))
    .map(subject => `${subject}: ${before.get(subject) ?? 'nothing'} → ${after.get(subject) ?? 'nothing'}`)
    .sort()
}

/** The patterns in the table of what stays: text in backticks in its first column, where * stands for anything. */
function documentedPatterns(): readonly RegExp[] {
  const text = readFileSync(new URL('../../../docs/operations/reset.md', import.meta.url), 'utf8')
  const [, section = ''] = text.split('## What stays on a host')
  const cells = section.split('\n').flatMap(line => (line.startsWith('| ') ? [line.split('|')[1]!] : []))
  const patterns = cells.flatMap(cell => [...cell.matchAll(/`([^`]+)`/g)].map(([, pattern = '']) => pattern))
  if (patterns.length < 5) throw new Error('docs/operations/reset.md has no table of what stays')
  return patterns.map(pattern => {
    const parts = pattern.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}( \\(content\\))?$`)
  })
}
