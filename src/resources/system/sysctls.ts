import type { FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { beforePath, explainWrite, linesOf, printSettings, recordBefore } from '../support/index.ts'

export interface SysctlsParameters {
  /** Exact values, by key as sysctl(8) writes it. */
  readonly values: Readonly<Record<string, string>>
  /** Lower bounds: a higher live value stays. */
  readonly atLeast?: Readonly<Record<string, number>>
  /** Keys that are skipped on a kernel that does not have them; any other missing key is an error. */
  readonly optional?: readonly string[]
  /**
   * The file that sets them at boot. Default `/etc/sysctl.d/99-zz-evcctl.conf`: it has to sort after Debian's
   * 99-sysctl.conf, which is /etc/sysctl.conf, since the last file wins (sysctl.d(5)).
   */
  readonly file?: string
}

export interface SysctlState {
  /** Live values; keys that the kernel does not have are left out. */
  readonly live: ReadonlyMap<string, string>
  /** Values in the file. */
  readonly kept: ReadonlyMap<string, string>
  /** Live values before evcctl first set any; empty if they were not recorded. */
  readonly before: ReadonlyMap<string, string>
}

export interface SysctlsDesired {
  readonly values: Readonly<Record<string, string>>
  readonly atLeast: Readonly<Record<string, number>>
}

const noSuchKey = 'no such kernel setting: '

/** Kernel settings, now and after the next boot. */
export function sysctls(parameters: SysctlsParameters): Resource<SysctlState, SysctlsDesired> {
  const { atLeast = {}, optional = [], file = '/etc/sysctl.d/99-zz-evcctl.conf' } = parameters
  const values = Object.fromEntries(Object.entries(parameters.values).map(([key, value]) => [key, normal(value)]))
  const keys = [...Object.keys(values), ...Object.keys(atLeast)]
  const wanted = (current: SysctlState) => wantedValues(current, values, atLeast, new Set(optional))
  return {
    kind: 'sysctls',
    name: file,
    probe: { script: probeScript(keys, file), parse: raw => parse(raw, keys) },
    desired: { values, atLeast },
    diff(current) {
      const fields = changes(current, wanted(current))
      if (fields.length === 0) return undefined
      return { action: current.kept.size === 0 ? 'create' : 'update', fields }
    },
    converge(current) {
      const pairs = [...wanted(current)].sort(([a], [b]) => (a < b ? -1 : 1))
      const lines = pairs.map(([key, value]) => `${key} = ${value}\n`)
      const steps: Step[] = []
      // A file without a record is of an evcctl that recorded nothing: the live values are its own.
      if (current.kept.size === 0) {
        const lines = [...current.live].map(([key, value]) => `${key}=${value}\n`)
        steps.push({ run: recordBefore('sysctls'), stdin: lines.join('') })
      }
      steps.push(
        { run: 'umask 022\nmkdir -p /etc/sysctl.d' },
        {
          write: file,
          content: `# Kept by evcctl: what is changed here by hand is changed back.\n${lines.join('')}`,
          mode: 0o644,
        },
      )
      const live = pairs.filter(([key, value]) => current.live.get(key) !== value)
      if (live.length > 0) steps.push({ run: live.map(setLine).join('') })
      return steps
    },
    // Without a record, a setting keeps its live value until the next boot. So does one that somebody else has changed since.
    removal: {
      left: current => [
        ...changes(current, new Map()),
        ...formerValues(current).map(([key, after]) => ({ field: key, before: current.live.get(key)!, after })),
      ],
      steps: current => [{ run: `${formerValues(current).map(setLine).join('')}rm -f ${quote(file)}` }],
    },
    explain(failure) {
      const key = new RegExp(`${noSuchKey}(\\S+)`).exec(failure.stderr)?.[1]
      if (key !== undefined) {
        return {
          problem: `The kernel of the host has no setting ${key}.`,
          actual: failure.stderr.trim(),
          next: 'Remove it from spec.os.sysctls, or load the kernel module that provides it (spec.os.kernelModules).',
        }
      }
      const refused = /\/proc\/sys\/(\S+?):? /.exec(failure.stderr)?.[1]
      if (refused === undefined) return explainWrite(failure, file)
      return {
        problem: `The kernel of the host does not accept the value for ${refused.replaceAll('/', '.')}.`,
        actual: failure.stderr.trim(),
        next: 'Correct the value in spec.os.sysctls. In a container the setting may belong to the machine that runs it.',
      }
    },
  }
}

// The values to put back: of settings that still have the value of the file, and had another one before.
function formerValues({ live, kept, before }: SysctlState): readonly (readonly [string, string])[] {
  return [...before].filter(
    ([key, value]) => kept.has(key) && live.get(key) === kept.get(key) && live.get(key) !== value,
  )
}

/** `net.ipv4.ip_forward` → `/proc/sys/net/ipv4/ip_forward`; with slashes first, dots are part of a name (sysctl.d(5)). */
export function sysctlPath(key: string): string {
  const separator = /[./]/.exec(key)?.[0]
  if (separator !== '.') return `/proc/sys/${key}`
  return `/proc/sys/${key.replace(/[./]/g, character => (character === '.' ? '/' : '.'))}`
}

// One grep for all keys: a process for each would take most of the time of a plan here. (The shell's own read takes
// /proc/sys byte by byte, and the kernel returns nothing more after the first byte.)
function probeScript(keys: readonly string[], file: string): string {
  const paths = keys.map(key => quote(sysctlPath(key))).join(' ')
  return `grep -H -s '' ${paths} /dev/null
${printSettings('kept', file)}${printSettings('before', beforePath('sysctls'))}`
}

function parse(raw: ProbeResult, keys: readonly string[]): SysctlState {
  const keyOf = new Map(keys.map(key => [sysctlPath(key), key]))
  const lines = new Map<string, string[]>()
  for (const line of raw.stdout.split('\n')) {
    const at = Math.max(0, line.indexOf(':'))
    const key = keyOf.get(line.slice(0, at))
    if (key === undefined) continue
    // A setting with several lines appears as several lines.
    const before = lines.get(key)
    if (before === undefined) lines.set(key, [line.slice(at + 1)])
    else before.push(line.slice(at + 1))
  }
  const live = new Map([...lines].map(([key, values]) => [key, normal(values.join(' '))]))
  return { live, kept: pairsOf(linesOf(raw, 'kept')), before: pairsOf(linesOf(raw, 'before')) }
}

function pairsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap(line => {
      const at = line.indexOf('=')
      return at < 0 ? [] : [[line.slice(0, at).trim(), normal(line.slice(at + 1))] as const]
    }),
  )
}

function wantedValues(
  current: SysctlState,
  values: Readonly<Record<string, string>>,
  atLeast: Readonly<Record<string, number>>,
  optional: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>()
  for (const [key, value] of Object.entries(values)) {
    if (current.live.has(key) || !optional.has(key)) wanted.set(key, value)
  }
  for (const [key, bound] of Object.entries(atLeast)) {
    const live = current.live.get(key)
    if (live === undefined && optional.has(key)) continue
    if (live === undefined || Number(live) < bound) wanted.set(key, String(bound))
    // The value may be high enough because of this file, so the file has to keep it.
    else if (Number(current.kept.get(key)) >= bound) wanted.set(key, current.kept.get(key)!)
  }
  return wanted
}

function changes(current: SysctlState, wanted: ReadonlyMap<string, string>): FieldChange[] {
  const fields: FieldChange[] = []
  for (const [key, after] of wanted) {
    const live = current.live.get(key)
    if (live !== undefined && live !== after) fields.push({ field: key, before: live, after })
    else if (live === undefined) fields.push({ field: key, after })
    else if (current.kept.get(key) !== after) {
      fields.push({ field: key, before: live, after: `${after}, also at boot` })
    }
  }
  for (const [key, before] of current.kept) {
    if (!wanted.has(key)) fields.push({ field: key, before: `${before} at boot`, after: 'not set' })
  }
  return fields
}

function setLine([key, value]: readonly [string, string]): string {
  const path = quote(sysctlPath(key))
  return `if [ ! -e ${path} ]; then echo ${quote(`${noSuchKey}${key}`)} >&2; exit 1; fi\nprintf '%s\\n' ${quote(value)} >${path}\n`
}

function normal(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}
