import type { ProbeResult } from '../core/resource.ts'
import { quote, quoteAll } from '../shell/quote.ts'
import { fieldsOf, linesOf } from './probe-output.ts'

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

/** The read-only script that `parseUnit` understands. */
export function unitScript(unit: string, files: readonly string[]): string {
  const stamp = quote(`${startedFolder}/${unit}`)
  return `TZ=UTC systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp,ActiveEnterTimestamp -- ${quote(unit)}
{ ${statScript(files)}; } | sed 's/^/file=/'
if [ -e ${stamp} ]; then echo stamp=there; sed 's/^/started=/' ${stamp}; fi
`
}

export function parseUnit(raw: ProbeResult): UnitState {
  const fields = fieldsOf(raw, ['LoadState', 'ActiveState'])
  const active = fields.get('ActiveState')!
  const restarting = fields.get('SubState')?.startsWith('auto-restart') ?? false
  const running = ['active', 'reloading', 'refreshing'].includes(active) && !restarting
  const started = fields.get('ExecMainStartTimestamp') || fields.get('ActiveEnterTimestamp') || ''
  return {
    loaded: fields.get('LoadState') !== 'not-found',
    running,
    stopped: active === 'inactive' || active === 'failed',
    described: describe(active, restarting),
    fileState: fields.get('UnitFileState') ?? '',
    needsDaemonReload: fields.get('NeedDaemonReload') === 'yes',
    files: filesOf(linesOf(raw, 'file')),
    startedWith: fields.get('stamp') === 'there' ? filesOf(linesOf(raw, 'started')) : undefined,
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
  const changedAt = now === undefined ? undefined : secondsOf(now.slice(now.indexOf(' ') + 1))
  return changedAt !== undefined && startedAt !== undefined && changedAt < startedAt
}

function filesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const pattern = /^(.*) (\d+ \d{4}-\d\d-\d\d [\d:.]+ \+0000)$/
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
