import type { Change, Context, FieldChange, Resource, StepFailure } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { putBackMark } from './kept-files.ts'
import { replacedMark, settleScript, type Trial } from './settle.ts'
import { changedPaths, startedFolder, type UnitState, unitProbe } from './state.ts'

export interface SystemdUnitParameters {
  /** With its suffix, e.g. `containerd.service`. */
  readonly unit: string
  readonly state: 'running' | 'stopped'
  /** Whether it starts at boot. A unit that cannot be enabled (static, generated) is left as it is. */
  readonly enabled: boolean
  /** Whether nothing may start it. Default false: a mask is removed if the unit has to run, and otherwise left. */
  readonly masked?: boolean
  /** Absolute paths whose change needs a restart: binaries, unit files, configuration. */
  readonly watches?: readonly string[]
  /** Absolute paths whose change needs only a reload. */
  readonly reloads?: readonly string[]
  /** How long it may take to run (or stop), ms. Default 90 000, systemd's own. */
  readonly wait?: number
  /** For a unit that running nodes depend on: its former files are restored when it does not run with new ones. */
  readonly trial?: Trial
  /** Lines of sh that end with an error while a running unit must not be restarted. */
  readonly beforeRestart?: string
}

export interface UnitDesired {
  readonly state: 'running' | 'stopped'
  readonly enabled: boolean
  readonly masked: boolean
}

// Unit file states that `systemctl enable` cannot change (systemctl(1), is-enabled).
const notEnableable = new Set(['static', 'generated', 'indirect', 'alias', 'transient'])

/**
 * A systemd unit that runs or not, now and at boot, with its current files. The host records the files of its last start
 * (`/var/lib/evcctl/started/<unit>`): inode and change time of each watched file. So the next plan sees a file that was
 * edited by hand, and a run that was killed between a write and the restart; a reboot changes nothing. A unit without such
 * a record is restarted only if a watched file changed after its start. A unit that systemd keeps restarting does not
 * count as running.
 */
export function systemdUnit(parameters: SystemdUnitParameters): Resource<UnitState, UnitDesired> {
  const {
    unit,
    state,
    enabled,
    masked = false,
    watches = [],
    reloads = [],
    wait = 90_000,
    trial,
    beforeRestart,
  } = parameters
  if (masked && (state === 'running' || enabled))
    throw new RangeError(`${unit}: a masked unit can neither run nor be enabled`)
  const files = [...watches, ...reloads]
  return {
    kind: 'unit',
    name: unit,
    title: unit,
    probe: unitProbe(unit, files),
    desired: { state, enabled, masked },
    diff(current, _desired, context) {
      const fields = [...stateChanges(current, { state, enabled, masked })]
      const starts = fields.some(field => field.field === 'state')
      const action = starts || state === 'stopped' ? undefined : neededAction(current, watches, reloads, context)
      if (action !== undefined)
        fields.push({ field: action.how === 'restart' ? 'changed' : 'reload', after: action.after })
      if (fields.length === 0) return undefined
      const change: Change = { action: actionOf(current, state, action?.how), fields }
      return action === undefined || context.watched.length === 0 ? change : { ...change, because: context.watched }
    },
    converge(current, desired) {
      const action = neededAction(current, watches, reloads, { watched: [] })?.how
      return [
        {
          run: settleScript({
            unit,
            ...desired,
            files,
            action: action ?? 'start',
            seconds: Math.ceil(wait / 1000),
            ...(trial === undefined ? {} : { trial }),
            ...(beforeRestart === undefined ? {} : { beforeRestart }),
          }),
          timeoutMs: wait + (trial === undefined ? 30_000 : 90_000),
        },
      ]
    },
    removal: {
      left: current => [...stateChanges(current, { state: 'stopped', enabled: false, masked: false })],
      steps: () => [
        {
          run: `${settleScript({ unit, state: 'stopped', enabled: false, masked: false, files: [], action: 'start', seconds: Math.ceil(wait / 1000) })}rm -f ${quote(`${startedFolder}/${unit}`)}\n`,
          timeoutMs: wait + 30_000,
        },
      ],
    },
    explain: failure => explainUnit(unit, state, failure),
  }
}

function* stateChanges(current: UnitState, desired: UnitDesired): Iterable<FieldChange> {
  const isMasked = current.fileState.startsWith('masked')
  if (desired.masked && current.fileState !== 'masked') yield { field: 'masked', before: 'no', after: 'yes' }
  if (isMasked && desired.state === 'running') yield { field: 'masked', before: 'yes', after: 'no' }
  if (desired.state === 'running' && !current.running) {
    yield { field: 'state', before: current.described, after: 'running' }
  }
  if (desired.state === 'stopped' && !current.stopped) {
    yield { field: 'state', before: current.described, after: 'stopped' }
  }
  const isEnabled = current.fileState === 'enabled'
  if (desired.enabled && !isEnabled && !notEnableable.has(current.fileState)) {
    yield { field: 'at boot', before: 'not started', after: 'started' }
  }
  if (!desired.enabled && current.fileState.startsWith('enabled')) {
    yield { field: 'at boot', before: 'started', after: 'not started' }
  }
  if (current.needsDaemonReload && desired.state === 'running') {
    yield { field: 'unit file', before: 'changed since it was loaded', after: 'loaded' }
  }
}

interface NeededAction {
  readonly how: 'restart' | 'reload'
  /** The reason: the paths, or the names of the pending tasks. */
  readonly after: string
}

function neededAction(
  current: UnitState,
  watches: readonly string[],
  reloads: readonly string[],
  context: Context,
): NeededAction | undefined {
  if (!current.running) return undefined
  const restarting = changedPaths(current, watches)
  const reloading = changedPaths(current, reloads)
  for (const task of context.watched) {
    const path = reloads.find(candidate => task.endsWith(`:${candidate}`))
    if (path === undefined) restarting.add(watches.find(candidate => task.endsWith(`:${candidate}`)) ?? nameOf(task))
    else reloading.add(path)
  }
  if (restarting.size > 0) return { how: 'restart', after: [...restarting, ...reloading].join(', ') }
  if (reloading.size > 0) return { how: 'reload', after: [...reloading].join(', ') }
  return undefined
}

// `host/role/kind:name`
function nameOf(task: string): string {
  return task.slice(task.indexOf(':') + 1)
}

function actionOf(current: UnitState, state: 'running' | 'stopped', how: string | undefined): Change['action'] {
  if (how === 'restart') return 'restart'
  if (how === 'reload') return 'run'
  return !current.loaded && state === 'running' ? 'create' : 'update'
}

function explainUnit(unit: string, state: string, failure: StepFailure) {
  const [said = '', replaced] = (failure.stderr.trim() || failure.stdout.trim()).split(`\n${replacedMark}`)
  if (/Unit .* (not found|could not be found|does not exist)/.test(said)) {
    return {
      problem: `There is no unit ${unit} on the host.`,
      actual: said,
      next: 'Its package or unit file is missing or was removed since the plan: apply again.',
    }
  }
  const [cause = '', back] = said.split(putBackMark)
  if (back !== undefined) {
    const [files, ...rest] = back.split('\n')
    return {
      problem: `${unit} does not run with what was changed, so it has its former files again: ${files}`,
      expected: 'active, and stays active',
      actual: [cause.trim(), ...rest].filter(text => text !== '').join('\n'),
      next: `Correct cluster.yaml, then apply again. See more on the host: journalctl -u ${unit} -n 100 --no-pager`,
    }
  }
  if (replaced !== undefined) {
    return {
      problem: `${unit} does not run, so ${replaced} runs again in its place.`,
      expected: 'active, and stays active',
      actual: said,
      next: `Correct cluster.yaml, then apply again. See more on the host: journalctl -u ${unit} -n 100 --no-pager`,
    }
  }
  return {
    problem: state === 'running' ? `${unit} does not run.` : `${unit} could not be stopped.`,
    expected: state === 'running' ? 'active, and stays active' : 'inactive',
    actual: said,
    next: `See more on the host: journalctl -u ${unit} -n 100 --no-pager`,
  }
}
