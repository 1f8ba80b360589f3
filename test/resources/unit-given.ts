/** A systemd unit as its host tells of it: properties of `systemctl show`, and inode and change time of its files. */
export interface UnitGiven {
  readonly LoadState?: string
  readonly ActiveState?: string
  readonly SubState?: string
  readonly UnitFileState?: string
  readonly NeedDaemonReload?: string
  readonly ExecMainStartTimestamp?: string
  /** The files now. */
  readonly files?: Readonly<Record<string, string>>
  /** The files at the last start by evcctl; undefined: evcctl has not started it. */
  readonly stamp?: Readonly<Record<string, string>>
}

export const runningUnit: UnitGiven = {
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'running',
  UnitFileState: 'enabled',
  NeedDaemonReload: 'no',
  ExecMainStartTimestamp: 'Fri 2026-11-20 10:00:05 UTC',
}

export const stoppedUnit: UnitGiven = {
  ...runningUnit,
  ActiveState: 'inactive',
  SubState: 'dead',
  UnitFileState: 'disabled',
  ExecMainStartTimestamp: '',
}

/** Inode and change time of a file, which differ for each second of 2026-11-20 10:00 UTC. */
export function statOf(second: number): string {
  return `${second} 2026-11-20 10:00:${String(second).padStart(2, '0')}.000000000 +0000`
}

/** What the probe of a unit prints, with what it prints of the other units that were asked for in the same exchange. */
export function printedUnit(unit: string, { files = {}, stamp, ...shown }: UnitGiven): readonly string[] {
  return [
    ...['Id=other.service', 'Names=other.service', 'ActiveState=failed', ''],
    ...[`Id=${unit}`, `Names=alias.service ${unit}`],
    ...Object.entries(shown).map(([key, value]) => `${key}=${value}`),
    'stamp=other.service',
    ...(stamp === undefined ? [] : [`stamp=${unit}`]),
    'other.service:/etc/other 5 2026-11-20 09:00:00.000000000 +0000',
    ...Object.entries(stamp ?? {}).map(([path, text]) => `${unit}:${path} ${text}`),
    '/etc/other 1 2026-11-20 09:00:00.000000000 +0000',
    ...Object.entries(files).map(([path, text]) => `${path} ${text}`),
  ]
}
