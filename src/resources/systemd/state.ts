import type { Probe, ProbeResult, Question, Survey } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { quoteAll } from '../../shell/quote.ts'
import { fieldsOf, linesOf, unreadable } from '../support/index.ts'

export interface UnitState {
  /** False when systemd knows no such unit. */
  readonly loaded: boolean
  /** Active, and not on its way to the next automatic restart. */
  readonly running: boolean
  readonly stopped: boolean
  /** In words, e.g. `stopped`, `failed`, `restarting`. */
  readonly described: string
  /** `UnitFileState`; empty when there is no unit file. */
  readonly fileState: string
  readonly needsDaemonReload: boolean
  /** The watched files as of now: path → `inode change-time`. */
  readonly files: ReadonlyMap<string, string>
  /** The same as of the last start by evcctl; undefined when there was none. */
  readonly startedWith: ReadonlyMap<string, string> | undefined
  /** When its process was started, in whole seconds since the epoch (rounded down); undefined when it does not run. */
  readonly startedAt: number | undefined
}

/** Where inode and change time of the watched files of a unit are kept, as of its last start by evcctl. */
export const startedFolder = '/var/lib/evcctl/started'

/** Prints a line a file: `<path> <inode> <change time>`; a missing file has none. */
export function statScript(files: readonly string[]): string {
  // The change time is printed in the time zone of the host, which may be changed: UTC is not.
  return files.length === 0 ? ':' : `TZ=UTC0 stat -L -c '%n %i %z' ${quoteAll(files)} 2>/dev/null || :`
}

// As `systemctl show` names them; Names has the aliases of a unit beside its Id.
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

/** What systemd says of units (or those that a pattern like `*.swap` fits), and what evcctl last started them with. */
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

/** Reads a unit and the files that it watches. */
export function unitProbe(unit: string, files: readonly string[]): Probe<UnitState> {
  return surveyProbe({ asks: unitQuestions(unit, files), parse: raw => parseUnit(raw, unit, files) })
}

/** What is to be asked for parseUnit(), for a probe that asks more. */
export function unitQuestions(unit: string, files: readonly string[]): readonly Question[] {
  return [askUnits([unit]), ...(files.length === 0 ? [] : [{ survey: changeSurvey, subjects: files }])]
}

/** For probes that want to know of units, by names or patterns. */
export function askUnits(subjects: readonly string[]): Question {
  return { survey: unitSurvey, subjects }
}

/** What was asked of systemd: the properties of each unit. */
export function shownUnits(raw: ProbeResult): readonly ReadonlyMap<string, string>[] {
  return raw.stdout
    .split(/\n{2,}/)
    .filter(block => /^Names=/m.test(block))
    .map(stdout => fieldsOf({ ...raw, stdout }))
}

function isName(subject: string): boolean {
  return !/[*?[]/.test(subject)
}

/** Reads the answers to unitQuestions(). */
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

/** Those of `paths` that are not what the running unit was started with. */
export function changedPaths(current: UnitState, paths: readonly string[]): Set<string> {
  return new Set(paths.filter(path => !isAsStarted(current, path)))
}

function isAsStarted({ files, startedWith, startedAt }: UnitState, path: string): boolean {
  const now = files.get(path)
  if (startedWith !== undefined) return now === startedWith.get(path)
  // Started by something else, e.g. kubeadm or a boot: what did not change since then is what it runs with.
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
