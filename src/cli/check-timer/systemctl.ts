import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../core/index.ts'

/** Which manager of systemd keeps the units, and where. */
export interface TimerPlace {
  /** The units of the whole system, or those of a user. */
  readonly system: boolean
  readonly folder: string
}

/** Root's units are those of the system; everybody else has units of their own. */
export function timerPlace(isRoot: boolean, env: NodeJS.ProcessEnv): TimerPlace {
  if (isRoot) return { system: true, folder: '/etc/systemd/system' }
  const config = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(homedir(), '.config')
  return { system: false, folder: join(config, 'systemd', 'user') }
}

/** What systemd says of a timer. */
export interface TimerState {
  readonly enabled: boolean
  readonly active: boolean
  /** Whether systemd has not read a changed unit yet. */
  readonly needsReload: boolean
}

/** Asks for the state of a timer. A unit that is not there is not enabled. Throws UserError if systemd cannot be asked. */
export async function timerState(place: TimerPlace, timer: string): Promise<TimerState> {
  const text = await systemctl(place, ['show', '-p', 'UnitFileState,ActiveState,NeedDaemonReload', timer])
  const has = (line: string) => text.split('\n').includes(line)
  return {
    enabled: has('UnitFileState=enabled'),
    active: has('ActiveState=active'),
    needsReload: has('NeedDaemonReload=yes'),
  }
}

/** Runs systemctl and returns what it prints. Throws UserError with what it said if it fails. */
export function systemctl({ system }: TimerPlace, args: readonly string[]): Promise<string> {
  const all = [...(system ? [] : ['--user']), ...args]
  return new Promise((resolve, reject) => {
    execFile('systemctl', all, { timeout: 60_000, maxBuffer: 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(failed(all, error, stderr))
    })
  })
}

function failed(args: readonly string[], error: Error & { readonly code?: unknown }, stderr: string): UserError {
  if (error.code === 'ENOENT') {
    return new UserError(
      {
        where: 'systemctl',
        problem: 'There is no systemd on this machine, so it can have no timer.',
        next: 'Let another program run this regularly, e.g. cron: evcctl check FILE --output prometheus --file FILE.prom',
      },
      { cause: error },
    )
  }
  const problem = 'systemd did not do what it was asked for.'
  const actual = stderr.trim() || error.message
  return new UserError({ where: `systemctl ${args.join(' ')}`, problem, actual }, { cause: error })
}
