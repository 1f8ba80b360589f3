import { isIP } from 'node:net'
import type { Architecture, EndpointFacts, HostFacts } from '../core/host.ts'
import { ownValue } from '../core/own-value.ts'
import type { Probe } from '../core/resource.ts'
import { parseCertificates } from './facts-certificates.ts'
import { checkedFacts } from './facts-check.ts'
import { parseUnmounted } from './facts-mounts.ts'
import { parseAddresses, parseDefaultRoute, parseListening, parseNetworks, parseRouteTable } from './facts-network.ts'
import { parseRemains } from './facts-remains.ts'

/** When the facts exchange was sent and answered, by the controller's clock, ms since the epoch. */
export interface Timing {
  readonly sentAt: number
  readonly receivedAt: number
}

/** What is asked of a host besides the facts of every host. */
export interface FactsQuestions {
  /** What it finds at an external API endpoint. */
  readonly endpoint?: Probe<EndpointFacts> | undefined
  /** The name servers of the file that its kubelet is told to use. */
  readonly kubeletNameservers?: Probe<readonly string[]> | undefined
}

/** The lines of each section; a section that was not printed is empty. */
export type Sections = (name: string) => readonly string[]

/** Architectures by what `uname -m` says of them. */
const architectures: Readonly<Record<string, Architecture>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
}

// The class of an ELF file (elf(5), EI_CLASS), here /bin/sh.
const userlandBits: Readonly<Record<string, HostFacts['userlandBits']>> = { 1: 32, 2: 64 }

/**
 * Makes facts of what the facts script printed. A missing section is a normal value; only output that does not reach its
 * end is an error, because then nothing of it can be trusted.
 */
export function parseFacts(host: string, stdout: string, timing: Timing, questions: FactsQuestions = {}): HostFacts {
  const sections = splitSections(stdout)
  if (!/^@@ end$/m.test(stdout)) throw new Error('the facts of the host end too early')
  const one = (name: string) => sections(name)[0]?.trim() ?? ''
  const release = parseRelease(sections('os'))
  const addresses = parseAddresses(sections)
  const routes = parseRouteTable(sections('routes'))
  const cgroup2 = sections('cgroup2')
  const { endpoint, kubeletNameservers } = questions
  const answerTo = (name: string) => ({ exitCode: 0, stdout: sections(name).join('\n'), stderr: '' })
  return checkedFacts({
    host,
    os: {
      id: release.get('ID') ?? '',
      like: (release.get('ID_LIKE') ?? '').split(/\s+/).filter(id => id !== ''),
      version: release.get('VERSION_ID') ?? '',
      name: release.get('PRETTY_NAME') ?? release.get('NAME') ?? '',
    },
    kernel: one('kernel'),
    machine: one('machine'),
    architecture: ownValue(architectures, one('machine')),
    userlandBits: ownValue(userlandBits, one('userland')),
    hostname: one('hostname'),
    machineId: one('machine-id'),
    productUuid: one('product-uuid'),
    cpus: Number.parseInt(one('cpus'), 10) || 1,
    memoryBytes: (Number(/^MemTotal:\s+(\d{1,15}) kB/.exec(one('memory'))?.[1]) || 0) * 1024,
    systemd: one('init') === 'systemd' || sections('init').includes('booted-with-systemd'),
    cgroupVersion: cgroup2.length > 0 ? 2 : 1,
    cgroupControllers: cgroup2.length > 0 ? cgroup2[0]!.trim().split(/\s+/) : parseCgroups(sections('cgroup1')),
    addresses: [...new Set(addresses.map(({ address }) => address))],
    defaultRoute: parseDefaultRoute(sections, addresses, routes),
    listening: parseListening(sections),
    freeBytes: parseFree(sections('free')),
    ...compareClocks(one('clock'), one('clock-end'), timing),
    kubernetes: {
      kubeletConf: sections('kubernetes').includes('kubelet.conf'),
      adminConf: sections('kubernetes').includes('admin.conf'),
      controlPlane: sections('kubernetes').includes('control-plane'),
    },
    etcd: parseEtcd(sections('etcd')),
    nameservers: parseNameservers(sections('nameservers')),
    ...(kubeletNameservers === undefined
      ? {}
      : { kubeletNameservers: kubeletNameservers.parse(answerTo('kubelet-nameservers')) }),
    networks: parseNetworks(sections, routes),
    remains: parseRemains(sections),
    certificates: parseCertificates(sections('certificates')),
    swap: sections('swaps')
      .slice(1)
      .map(line => unescapeOctal(line.split(/\s+/)[0] ?? ''))
      .filter(name => name !== ''),
    ...(endpoint === undefined ? {} : { endpoint: endpoint.parse(answerTo('endpoint')) }),
  })
}

// A line of /proc/net/route takes 128 bytes, so that limits.factsBytes has room for fewer.
const mostLines = 40_000
// Of a socket with many processes the end is left out.
const longestLine = 4096
// These hold files in base64.
const longSections: ReadonlySet<string> = new Set(['remains', 'certificates', 'endpoint'])
const longestFile = 256 * 1024

/**
 * Splits at lines `@@ name`; blank lines are dropped, and what is longer than a line can be. Throws Error where a section
 * has more lines than any host has. The bounds keep one host from occupying the controller with what it sends.
 */
export function splitSections(stdout: string): Sections {
  const sections = new Map<string, string[]>()
  let lines: string[] = []
  let name = ''
  for (const line of stdout.split('\n')) {
    const next = /^@@ ([\w-]{1,40})$/.exec(line)?.[1]
    if (next !== undefined) {
      name = next
      lines = []
      sections.set(name, lines)
    } else if (line.trim() !== '') {
      lines.push(line.slice(0, longSections.has(name) ? longestFile : longestLine))
      if (lines.length > mostLines) throw new Error(`more than ${mostLines} lines came of its ${name || 'facts'}`)
    }
  }
  return name => sections.get(name) ?? []
}

// resolv.conf(5): `nameserver <address>`.
function parseNameservers(lines: readonly string[]): readonly string[] {
  // The resolver, too, leaves out what is no address.
  return [...new Set(lines.map(line => line.trim().split(/\s+/)[1] ?? ''))].filter(address => isIP(address) !== 0)
}

function parseEtcd(lines: readonly string[]): HostFacts['etcd'] {
  const data = lines.includes('formed') ? 'formed' : lines.includes('creating') ? 'creating' : 'none'
  const unmounted = parseUnmounted(lines)
  const is = { own: lines.includes('own'), ca: lines.includes('ca'), client: lines.includes('client') }
  return { data, ...is, ...(unmounted.length > 0 && { unmounted }) }
}

// os-release(5): KEY=value, optionally in single or double quotes.
function parseRelease(lines: readonly string[]): ReadonlyMap<string, string> {
  const pairs = lines.flatMap(line => {
    const [, key, value] = /^([A-Z_0-9]+)=(.*)$/.exec(line.trim()) ?? []
    if (key === undefined || value === undefined) return []
    const quoted = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value
    return [[key, quoted.replace(/\\(["$`\\])/g, '$1')] as const]
  })
  return new Map(pairs)
}

// Columns of /proc/cgroups: name, hierarchy, number of cgroups, enabled.
function parseCgroups(lines: readonly string[]): readonly string[] {
  return lines
    .filter(line => !line.startsWith('#'))
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns[3] === '1')
    .map(columns => columns[0]!)
}

// df -P: a heading, then for each path, in the order asked, `<file system> <size> <used> <available> <use%> <mounted on>`,
// in KiB; a mount point may contain blanks.
function parseFree(lines: readonly string[]): HostFacts['freeBytes'] {
  const available = lines.slice(1, 5).map(line => Number(/\s(\d+)\s+\d+%\s+\//.exec(line)?.[1] ?? 0) * 1024)
  const [bin = 0, lib = 0, etc = 0, tmp = 0] = available
  return { '/usr/local/bin': bin, '/var/lib': lib, '/etc': etc, '/tmp': tmp }
}

// As NTP does (RFC 5905, section 8): the way there and the way back are taken to be equally long.
function compareClocks(begin: string, end: string, { sentAt, receivedAt }: Timing) {
  const began = parseClock(begin)
  const ended = parseClock(end)
  if (began === undefined || ended === undefined) return { clockOffsetMs: 0, roundTripMs: receivedAt - sentAt }
  return {
    clockOffsetMs: Math.round((began - sentAt + (ended - receivedAt)) / 2),
    roundTripMs: Math.max(0, Math.round(receivedAt - sentAt - (ended - began))),
  }
}

// busybox date may not know %N: then it leaves it out or as it is, and whole seconds have to do.
function parseClock(text: string): number | undefined {
  const [, seconds, fraction] = /^(\d+)(?:\.(\d+))?/.exec(text) ?? []
  if (seconds === undefined) return undefined
  return Number(seconds) * 1000 + (fraction === undefined ? 500 : Number(`0.${fraction}`) * 1000)
}

// /proc/swaps writes blanks in file names as \040.
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
