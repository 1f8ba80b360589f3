import type { Probe, ProbeResult, Question, Survey } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { quoteAll } from '../../shell/quote.ts'
import { fieldsOf, linesOf, unreadable } from '../support/index.ts'

export interface UnitState {
  /** False when systemd does not know the unit. */
  readonly loaded: boolean
  /** Active, and not about to restart automatically. */
  readonly running: boolean
  readonly stopped: boolean
  /** In words, e.g. `stopped`, `failed`, `restarting`. */
  readonly described: string
  /** `UnitFileState`; empty when there is no unit file. */
  readonly fileState: string
  readonly needsDaemonReload: boolean
  /** The watched files now: path → `inode change-time`. */
  readonly files: ReadonlyMap<string, string>
  /** The same at the last start by evcctl; undefined when there was none. */
  readonly startedWith: ReadonlyMap<string, string> | undefined
  /** When its process was started, in whole seconds since the epoch (rounded down); undefined when it does not run. */
  readonly startedAt: number | undefined
}

/** Folder with inode and change time of the watched files of each unit, at its last start by evcctl. */
export const startedFolder = '/var/lib/evcctl/started'

/** Prints a line for each file: `<path> <inode> <change time>`; none for a missing file. */
export function statScript(files: readonly string[]): string {
  // stat prints the change time in the time zone of the host, which may change, so it runs in UTC.
  return files.length === 0 ? ':' : `TZ=UTC0 stat -L -c '%n %i %z' ${quoteAll(files)} 2>/dev/null || :`
}

// Names of properties of `systemctl show`; Names has the aliases of a unit beside its Id.
const properties = [
  'Id',
  'Names',
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'NeedDaemonReload',
  'ExecMainStartTimestamp',
  'ActiveEnterTimestamp',
]

/** The properties of units (a subject may be a pattern like `*.swap`), and the files with which evcctl last started them. */
const unitSurvey: Survey = {
  name: 'units',
  script: subjects => `TZ=UTC systemctl show -p ${properties.join(',')} -- ${quoteAll(subjects)}
cd ${startedFolder} 2>/dev/null || exit 0
set --
for unit in ${quoteAll(subjects.filter(isName))}; do
  if [ -e "$unit" ]; then set -- "$@" "$unit"; echo "stamp=$unit"; fi
done
if [ $# -gt 0 ]; then grep -H '' -- "$@" || :; fi
`,
}

/** The change times of files, as statScript prints them. */
const changeSurvey: Survey = { name: 'change times', script: subjects => `${statScript(subjects)}\n` }

/** Parses a unit and the files that it watches. */
export function unitProbe(unit: string, files: readonly string[]): Probe<UnitState> {
  return surveyProbe({ asks: unitQuestions(unit, files), parse: raw => parseUnit(raw, unit, files) })
}

/** The questions for parseUnit(), for a probe that asks more. */
export function unitQuestions(unit: string, files: readonly string[]): readonly Question[] {
  return [askUnits([unit]), ...(files.length === 0 ? [] : [{ survey: changeSurvey, subjects: files }])]
}

/** For probes that ask about units, by names or patterns. */
export function askUnits(subjects: readonly string[]): Question {
  return { survey: unitSurvey, subjects }
}

/** The parsed answer of systemd: the properties of each unit. */
export function shownUnits(raw: ProbeResult): readonly ReadonlyMap<string, string>[] {
  return raw.stdout
    .split(/\n{2,}/)
    .filter(block => /^Names=/m.test(block))
    .map(stdout => fieldsOf({ ...raw, stdout }))
}

function isName(subject: string): boolean {
  return !/[*?[]/.test(subject)
}

/** Parses the answers to unitQuestions(). */
export function parseUnit(raw: ProbeResult, unit: string, watched: readonly string[]): UnitState {
  const fields = shownUnits(raw).find(one => one.get('Names')?.split(' ').includes(unit))
  const active = fields?.get('ActiveState')
  if (fields === undefined || active === undefined) throw unreadable(raw, `what systemd knows of ${unit}`)
  const restarting = fields.get('SubState')?.startsWith('auto-restart') ?? false
  const running = ['active', 'reloading', 'refreshing'].includes(active) && !restarting
  const started = fields.get('ExecMainStartTimestamp') || fields.get('ActiveEnterTimestamp') || ''
  const lines = raw.stdout.split('\n')
  const found = filesOf(lines)
  const startedWith = filesOf(lines.flatMap(line => (line.startsWith(`${unit}:`) ? [line.slice(unit.length + 1)] : [])))
  return {
    loaded: fields.get('LoadState') !== 'not-found',
    running,
    stopped: active === 'inactive' || active === 'failed',
    described: describe(active, restarting),
    fileState: fields.get('UnitFileState') ?? '',
    needsDaemonReload: fields.get('NeedDaemonReload') === 'yes',
    files: new Map(watched.flatMap(path => (found.has(path) ? [[path, found.get(path)!]] : []))),
    startedWith: linesOf(raw, 'stamp').includes(unit) ? startedWith : undefined,
    startedAt: running ? secondsOf(started) : undefined,
  }
}

/** The `paths` whose files differ from those that the running unit was started with. */
export function changedPaths(current: UnitState, paths: readonly string[]): Set<string> {
  return new Set(paths.filter(path => !isAsStarted(current, path)))
}

function isAsStarted({ files, startedWith, startedAt }: UnitState, path: string): boolean {
  const now = files.get(path)
  if (startedWith !== undefined) return now === startedWith.get(path)
  // Something else started the unit, e.g. kubeadm or a boot: files that did not change since then are those it runs with.
  if (now === undefined) return true
  const changedAt = secondsOf(now.slice(now.indexOf(' ') + 1))
  return changedAt !== undefined && startedAt !== undefined && changedAt < startedAt
}

function filesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const pattern = /^(\/.*) (\d+ \d{4}-\d\d-\d\d [\d:.]+ \+0000)$/
  return new Map(lines.map(line => pattern.exec(line)).flatMap(match => (match ? [[match[1]!, match[2]!]] : [])))
}

// `Fri 2026-11-21 11:22:33 UTC` of systemctl and `2026-11-21 11:22:33.123456789 +0000` of stat.
function secondsOf(text: string): number | undefined {
  const match = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(text)
  return match === null ? undefined : Date.parse(`${match[1]}T${match[2]}Z`) / 1000
}

function describe(active: string, restarting: boolean): string {
  if (restarting) return 'restarting again and again'
  return { inactive: 'stopped', active: 'running', activating: 'starting', deactivating: 'stopping' }[active] ?? active
}
