import type { FactModule, FactsOf, HostReading, Sections } from '../core/facts.ts'

/** When the facts exchange was sent and answered, by the controller's clock, ms since the epoch. */
export interface Timing {
  readonly sentAt: number
  readonly receivedAt: number
}

/**
 * Makes facts from the output of the facts script. Throws Error if the output does not reach its end, because then nothing in
 * it can be trusted, and if it is too long or its clock cannot be right. Otherwise throws the Error of the first module that
 * cannot use what it finds.
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
  // Each module states the type of its own facts; together they are the type of the result.
  return Object.assign({ host, ...compareClocks(sections, timing) }, ...parsed)
}

// No host needs that many: a line of /proc/net/route takes 128 bytes, so limits.factsBytes has room for fewer.
const mostLines = 40_000
// Only the line of a socket with many processes is longer; its end is left out.
const longestLine = 4096
const longestFile = 256 * 1024

/**
 * Splits the output at lines `@@ name`, drops blank lines and cuts long ones. Throws Error if a section has more lines than on
 * any host in order. The bounds keep one host from occupying evcctl with its output.
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
      if (lines.length > mostLines) throw new Error(`they have more than ${mostLines} lines of "${name}"`)
    }
  }
  return name => sections.get(name) ?? []
}

const century = 100 * 365 * 24 * 60 * 60 * 1000

// Like NTP (RFC 5905, section 8), it assumes that the way there takes as long as the way back.
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

// busybox date may not know %N and print nothing in its place, or `%N` itself. Then the middle of the second is taken.
function parseClock([line = '']: readonly string[]): number | undefined {
  const [, seconds, fraction] = /^(\d+)(?:\.(\d+))?/.exec(line.trim()) ?? []
  if (seconds === undefined) return undefined
  return Number(seconds) * 1000 + (fraction === undefined ? 500 : Number(`0.${fraction}`) * 1000)
}
