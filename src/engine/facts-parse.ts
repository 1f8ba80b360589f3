import type { FactModule, FactsOf, HostReading, Sections } from '../core/facts.ts'

/** When the facts exchange was sent and answered, by the controller's clock, ms since the epoch. */
export interface Timing {
  readonly sentAt: number
  readonly receivedAt: number
}

/**
 * Makes facts of what the facts script printed. Only output that does not reach its end is an error of its own, because then
 * nothing of it can be trusted. Throws the Error of the first module that cannot use what it finds.
 */
export function parseFacts<const Modules extends readonly FactModule[], Asked extends object = object>(
  host: string,
  stdout: string,
  timing: Timing,
  modules: Modules,
  asked: readonly FactModule<Asked>[] = [],
): HostReading & FactsOf<Modules> & Partial<Asked> {
  const all: readonly FactModule[] = [...modules, ...asked]
  const sections = splitSections(stdout, new Set(all.flatMap(({ longSections = [] }) => longSections)))
  if (!/^@@ end$/m.test(stdout)) throw new Error('the facts of the host end too early')
  const parsed = all.map(module => module.parse(sections))
  // What each module says of itself holds for the list.
  return Object.assign({ host, ...compareClocks(sections, timing) }, ...parsed)
}

// A line of /proc/net/route takes 128 bytes, so that limits.factsBytes has room for fewer.
const mostLines = 40_000
// Of a socket with many processes the end is left out.
const longestLine = 4096
const longestFile = 256 * 1024

/**
 * Splits at lines `@@ name`; blank lines are dropped, and what is longer than a line can be. Throws Error where a section
 * has more lines than any host has. The bounds keep one host from occupying the controller with what it sends.
 */
function splitSections(stdout: string, longSections: ReadonlySet<string>): Sections {
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

const century = 100 * 365 * 24 * 60 * 60 * 1000

// As NTP does (RFC 5905, section 8): the way there and the way back are taken to be equally long.
function compareClocks(sections: Sections, { sentAt, receivedAt }: Timing): Omit<HostReading, 'host'> {
  const began = parseClock(sections('clock'))
  const ended = parseClock(sections('clock-end'))
  if (began === undefined || ended === undefined) return { clockOffsetMs: 0, roundTripMs: receivedAt - sentAt }
  const clockOffsetMs = Math.round((began - sentAt + (ended - receivedAt)) / 2)
  if (!(Math.abs(clockOffsetMs) < century)) {
    throw new Error(`its clock cannot be right: "${clockOffsetMs} ms away from this machine’s"`)
  }
  return { clockOffsetMs, roundTripMs: Math.max(0, Math.round(receivedAt - sentAt - (ended - began))) }
}

// busybox date may not know %N: then it leaves it out or as it is, and whole seconds have to do.
function parseClock([line = '']: readonly string[]): number | undefined {
  const [, seconds, fraction] = /^(\d+)(?:\.(\d+))?/.exec(line.trim()) ?? []
  if (seconds === undefined) return undefined
  return Number(seconds) * 1000 + (fraction === undefined ? 500 : Number(`0.${fraction}`) * 1000)
}
