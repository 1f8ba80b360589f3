import { resolve } from 'node:path'
import { loadClusterFile } from '../../config/index.ts'
import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { refuseSecretsWithoutFile } from '../check-timer/secrets.ts'
import { systemctl, type TimerPlace, timerPlace, timerState } from '../check-timer/systemctl.ts'
import { ownUnit, removeUnit, writeUnit } from '../check-timer/unit-files.ts'
import { timerUnits, unitNames } from '../check-timer/units.ts'
import { canAsk, confirm } from '../terminal/ask.ts'
import { printJson, printLine } from '../terminal/streams.ts'

export interface CheckTimerOptions {
  readonly file: string
  readonly output: 'text' | 'json' | 'prometheus'
  /** Do it without asking. */
  readonly yes: boolean
  /** Where the metrics are written; undefined: nowhere. */
  readonly metrics?: string | undefined
  /** Time between two checks, minutes. */
  readonly everyMinutes: number
  /** Default: the units of the system for root, else those of the user. */
  readonly place?: TimerPlace
}

/** `evcctl check --install-timer`: writes the units of a timer that checks a cluster regularly, and starts it. */
export async function installTimer(options: CheckTimerOptions): Promise<ExitCode> {
  const { file, metrics, place = placeHere() } = options
  const spec = await loadClusterFile(file)
  refuseSecretsWithoutFile(spec)
  const units = timerUnits({
    cluster: spec.name,
    file: resolve(file),
    node: process.execPath,
    script: resolve(process.argv[1] ?? ''),
    metrics: metrics === undefined ? undefined : resolve(metrics),
    everySeconds: options.everyMinutes * 60,
    system: place.system,
  })
  const { timer } = unitNames(spec.name)
  const changed = [...units].filter(([name, text]) => ownUnit(place.folder, name) !== text)
  const state = await timerState(place, timer)
  if (changed.length === 0 && state.enabled && state.active && !state.needsReload) {
    return end(options, 'unchanged', [], `${timer} is installed already, as it should be. Nothing was written.`)
  }
  const shown = changed.map(([name, text]) => `${place.folder}/${name}\n\n${text.replaceAll(/^(?=.)/gm, '  ')}`)
  const command = `systemctl ${place.system ? '' : '--user '}enable --now ${timer}`
  if (!(await agreed(options, [...shown, command].join('\n'), 'Write these units and start the timer?')))
    return exitCodes.ok
  for (const [name, text] of changed) await writeUnit(place.folder, name, text)
  await systemctl(place, ['daemon-reload'])
  await systemctl(place, ['enable', timer])
  // A timer that runs keeps its old times until it is started again.
  await systemctl(place, ['restart', timer])
  const lingers = place.system ? '' : '\nIt runs while you are logged in; to let it run always: loginctl enable-linger'
  const text = `${timer} is installed. To see its runs: journalctl ${place.system ? '' : '--user '}-u ${unitNames(spec.name).service}${lingers}`
  return end(
    options,
    'installed',
    changed.map(([name]) => name),
    text,
  )
}

/** `evcctl check --uninstall-timer`: stops the timer of a cluster, and removes its units. */
export async function uninstallTimer(options: CheckTimerOptions): Promise<ExitCode> {
  const { place = placeHere() } = options
  const { name: cluster } = await loadClusterFile(options.file)
  const { service, timer } = unitNames(cluster)
  const there = [timer, service].filter(name => ownUnit(place.folder, name) !== undefined)
  if (there.length === 0)
    return end(options, 'unchanged', [], `There is no ${timer} in ${place.folder}. Nothing was changed.`)
  const shown = there.map(name => `${place.folder}/${name}`).join('\n')
  if (!(await agreed(options, shown, 'Stop the timer and remove these units?'))) return exitCodes.ok
  // The units are removed last: a run that is cut off before is done by the next one.
  if (there.includes(timer)) await systemctl(place, ['disable', '--now', timer])
  for (const name of there) await removeUnit(place.folder, name)
  await systemctl(place, ['daemon-reload'])
  return end(options, 'removed', there, `${timer} is removed. The metrics that it wrote stay where they are.`)
}

function placeHere(): TimerPlace {
  return timerPlace(process.geteuid?.() === 0, process.env)
}

async function agreed({ yes, output, file }: CheckTimerOptions, shown: string, question: string): Promise<boolean> {
  if (output === 'text') printLine(`${shown}\n`)
  if (yes) return true
  if (output !== 'text' || !canAsk()) {
    const why = output === 'text' ? 'There is no terminal to ask on.' : `With --output ${output} nobody is asked.`
    const problem = `${why} Nothing was written.`
    const next = `To do it without a question, add --yes to: evcctl check ${file} …`
    throw new UserError({ where: '--yes', problem, next }, { exitCode: exitCodes.badInput })
  }
  if (await confirm(question)) return true
  printLine('Nothing was written.')
  return false
}

function end(
  { output }: CheckTimerOptions,
  did: 'installed' | 'removed' | 'unchanged',
  units: readonly string[],
  text: string,
): ExitCode {
  if (output === 'json') printJson({ type: 'check:timer', at: Date.now(), did, units })
  else printLine(text)
  return exitCodes.ok
}
