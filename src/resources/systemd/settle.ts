import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { type KeptUnit, keepScript, keptFolder, putBackFunction } from './kept-files.ts'
import { startedFolder, statScript } from './state.ts'

/** What is watched after a unit of a running node was started, and what happens when it does not run. */
export type Trial = {
  /** The units that get their former files back when this one does not run; the last is the unit itself. */
  readonly kept: readonly KeptUnit[]
} & (
  | {
      /** More checks, for a unit that does not report to systemd by itself whether it works. */
      readonly health: UnitHealth
      readonly proof?: undefined
    }
  | {
      /** For a unit that proves by itself that it works with new files: they are kept at once then. */
      readonly proof: UnitProof
      readonly health?: undefined
    }
  | {
      /** For a unit below a node: a file that only nodes have. Until it is there, nothing more than that the unit runs is known. */
      readonly fileOfNode: string
      readonly health?: undefined
      readonly proof?: undefined
    }
)

/** The service that the unit provides. */
export interface UnitProof {
  /** Shell command that succeeds when the unit serves. A unit that served before a change has to serve after it. */
  readonly serves: string
  /** A unit with the same purpose: it is stopped right before this one starts, and started again when this one fails. */
  readonly replaces?: string
}

/** The text before the name of the unit that runs again, in the script's stderr. */
export const replacedMark = '--- runs again: '

/** Shell commands that check a unit better than systemd does. */
export interface UnitHealth {
  /** Shell functions that the other commands use. */
  readonly functions: string
  /** Starts the unit, which is stopped. */
  readonly start: string
  /** Succeeds when the unit works. */
  readonly works: string
  /** Prints why the unit cannot run, and succeeds, once that is certain. `$begun` is the time of its start, in seconds since the epoch. */
  readonly hopeless: string
  /** Prints the error that the unit logged most often since `$begun`; fails when there is none. */
  readonly complaint: string
}

export interface Settling {
  readonly unit: string
  readonly state: 'running' | 'stopped'
  readonly enabled: boolean
  readonly masked: boolean
  readonly files: readonly string[]
  readonly action: 'start' | 'restart' | 'reload'
  /** How long the unit may take to run. */
  readonly seconds: number
  readonly trial?: Trial
  /** See SystemdUnitParameters. */
  readonly beforeRestart?: string
}

/** The script that brings a unit to its state, waits until it stays there, and records the files that it was started with. */
export function settleScript(settling: Settling): string {
  return settling.state === 'running' ? runScript(settling) : stopScript(settling)
}

/** The line in a unit's stamp that says that the unit served before the current trial; the other lines are about files. */
const onTrial = 'served'

// Everything that a unit needs exists before it starts: this many restarts by systemd are no coincidence.
const mostRestarts = 5

function runScript({ unit, enabled, files, action, seconds, trial, beforeRestart = '' }: Settling): string {
  const stamp = `${startedFolder}/${unit}`
  const health = trial?.health
  const proof = trial?.proof
  const last = 'journalctl --unit="$unit" --since="@$begun" --no-pager --quiet --output=cat | tail -n 20'
  const said = health === undefined ? last : `${health.complaint} || ${last}`
  const works = health === undefined ? '' : ` && ${health.works}`
  const command = action === 'start' ? freshStart(stamp) : `systemctl ${action} -- "$unit"`
  const start = health === undefined ? command : stoppedStart(action, health.start)
  // The files are recorded before the start, so that the next run notices a file that changes in between.
  return `${action === 'restart' ? beforeRestart : ''}unit=${quote(unit)}
begun=$(date +%s)
${trial === undefined ? '' : trialFunctions(unit, trial)}fail() {
  journalctl --sync 2>/dev/null || :
  { echo "$1"; ${said}; } >&2
${trial === undefined ? '' : '  recover\n'}${proof === undefined ? '' : `  ${endTrial(stamp)}`}${proof?.replaces === undefined ? '' : '  give_way\n'}  exit 1
}
if [ "$(systemctl show -p LoadState,NeedDaemonReload --value -- "$unit" | tr '\\n' ' ')" != 'loaded no ' ]; then systemctl daemon-reload; fi
case "$(systemctl show -p UnitFileState --value -- "$unit")" in masked*) systemctl unmask -- "$unit"; systemctl unmask --runtime -- "$unit";; esac
${enableLine(enabled)}
umask 077
mkdir -p ${quote(startedFolder)}
${proof === undefined ? '' : makeWay(proof, action, stamp)}{ ${statScript(files)}; } >${quote(`${stamp}.next`)}
systemctl reset-failed -- "$unit" 2>/dev/null || :
${start} || fail "systemctl ${action} $unit failed"
restarts=$(systemctl show -p NRestarts --value -- "$unit")
before=$restarts
end=$(( $(date +%s) + ${seconds} ))
while :; do
  state=$(systemctl show -p ActiveState --value -- "$unit")
  if [ "$state" = active ]; then
    case "$(systemctl show -p Type --value -- "$unit")" in notify*|dbus|oneshot|'') break;; esac
    # Other types count as active the moment they are forked: see whether it stays.
    sleep 1
    if [ "$(systemctl show -p ActiveState --value -- "$unit")" = active ] && [ "$(systemctl show -p NRestarts --value -- "$unit")" = "$restarts" ]${works}; then break; fi
  fi
${health === undefined ? '' : `  if ${health.hopeless}; then fail "$unit ends again and again"; fi\n`}  if [ "$state" = failed ]; then fail "$unit failed"; fi
  if [ "$(date +%s)" -ge "$end" ]; then fail "$unit is $state after ${seconds} s"; fi
  restarts=$(systemctl show -p NRestarts --value -- "$unit")
  if [ $(( restarts - before )) -ge ${mostRestarts} ]; then fail "$unit has ended ${mostRestarts} times since it was started"; fi
  echo "$unit is $state"
  sleep 0.5
done
${proof === undefined ? '' : stillServes}${trial === undefined ? '' : keepLines(trial)}mv -fT ${quote(`${stamp}.next`)} ${quote(stamp)}
`
}

// The question is asked before anything changes, and the answer is kept in the stamp. If the trial is cut off, the next run
// has to repeat it, and then finds a unit that does not serve, and a stamp without the new files. The port may be that of
// the other unit.
function makeWay({ replaces }: UnitProof, action: Settling['action'], stamp: string): string {
  const stops = action === 'start' && replaces !== undefined
  const trial = quote(`${stamp}.trial`)
  return `served=
if grep -qx ${onTrial} ${quote(stamp)} 2>/dev/null || serves; then
  served=yes
  { grep '^/' ${quote(stamp)} 2>/dev/null || :; echo ${onTrial}; } >${trial}
  ${syncLine(trial)}
  mv -fT ${trial} ${quote(stamp)}
  ${syncLine(quote(startedFolder))}
fi
${stops ? `systemctl stop -- ${quote(replaces)} 2>/dev/null || :\n` : ''}`
}

// A failed trial is reported once. If no API server is left, nothing can serve, and the task must not fail for ever.
function endTrial(stamp: string): string {
  return `sed -i '/^${onTrial}$/d' ${quote(stamp)} 2>/dev/null || :\n`
}

// Processes with the former configuration may answer for a moment.
const stillServes = `if [ -n "$served" ]; then
  tries=0
  until sleep 2; serves; do
    tries=$(( tries + 1 ))
    if [ "$tries" -ge 10 ]; then fail "$unit runs, but nothing is reached through it any more"; fi
    echo "waiting for an answer through $unit"
  done
fi
`

// The other unit stays enabled at boot until this one runs: as long as it is enabled, it has to run.
function proofFunctions({ serves, replaces }: UnitProof): string {
  return `serves() { ${serves}; }
${replaces === undefined ? '' : giveWayFunction(replaces)}`
}

function giveWayFunction(replaces: string): string {
  return `give_way() {
  if [ "$(systemctl show -p ActiveState --value -- "$unit")" = active ] && serves; then return 0; fi
  if [ "$(systemctl show -p UnitFileState --value -- ${quote(replaces)})" != enabled ]; then return 0; fi
  systemctl disable --quiet -- "$unit" || :
  systemctl stop -- "$unit" || :
  if systemctl start -- ${quote(replaces)}; then echo "${replacedMark}"${quote(replaces)} >&2; fi
}
`
}

// `systemctl start` joins a start in progress, of a process with the former files: e.g. an etcd member that waits for others.
function freshStart(stamp: string): string {
  const state = 'systemctl show -p ActiveState --value -- "$unit"'
  const old = `[ -e ${quote(stamp)} ] && ! cmp -s ${quote(stamp)} ${quote(`${stamp}.next`)}`
  return `if [ "$(${state})" = activating ] && ${old}; then systemctl restart -- "$unit"; else systemctl start -- "$unit"; fi`
}

// A unit that only has to be started may run by now.
function stoppedStart(action: Settling['action'], start: string): string {
  const again = `{ systemctl stop -- "$unit" && ${start}; }`
  return action === 'start' ? `[ "$(systemctl show -p ActiveState --value -- "$unit")" = active ] || ${again}` : again
}

// This comes before the stamp is valid: with a valid stamp, no later run would know that the files still have to be kept.
function keepLines(trial: Trial): string {
  if (trial.health !== undefined) return ''
  const { kept } = trial
  if (trial.proof === undefined) return keepBeforeJoin(trial.fileOfNode, kept)
  // Before there is an API server to reach, it is enough that the unit runs.
  const first = kept.map(({ unit }) => `[ ! -d ${quote(keptFolder(unit))} ]`).join(' || ')
  return `if serves || ${first}; then
${keepScript(kept)}fi
`
}

// Whether a running node works with it shows later, see nodeReady; before the host is a node, nothing more is known.
function keepBeforeJoin(fileOfNode: string, kept: readonly KeptUnit[]): string {
  return `if [ ! -s ${fileOfNode} ]; then
${keepScript(kept)}fi
`
}

function trialFunctions(unit: string, { kept, health, proof }: Trial): string {
  return `${health?.functions ?? ''}${proof === undefined ? '' : proofFunctions(proof)}${putBackFunction(kept, health?.start)}${recoverFunction(unit, health)}`
}

/** Shell function `recover`: restores the former files of a unit, and prints whether it runs with them. Needs `put_back`. */
export function recoverFunction(unit: string, health?: UnitHealth): string {
  const active = `[ "$(systemctl show -p ActiveState --value -- ${quote(unit)})" = active ]`
  const works = health === undefined ? active : `${active} && ${health.works}`
  return `recover() {
  if ! put_back; then return 0; fi
  tries=0
  until sleep 1; ${works}; do
    tries=$(( tries + 1 ))
    if [ "$tries" -ge 30 ]; then echo "${unit} does not run with them either" >&2; return 0; fi
  done
}
`
}

function stopScript({ unit, enabled, masked }: Settling): string {
  const lines = [`unit=${quote(unit)}`]
  lines.push('if [ "$(systemctl show -p LoadState --value -- "$unit")" != not-found ]; then')
  lines.push(`  ${enableLine(enabled)}`, '  systemctl stop -- "$unit"', 'fi')
  if (masked) lines.push('systemctl mask -- "$unit"')
  lines.push(`rm -f ${quote(`${startedFolder}/${unit}`)}`)
  return `${lines.join('\n')}\n`
}

function enableLine(enabled: boolean): string {
  if (enabled) {
    return 'case "$(systemctl show -p UnitFileState --value -- "$unit")" in enabled|static|generated|indirect|alias|transient) ;; *) systemctl enable -- "$unit";; esac'
  }
  return 'case "$(systemctl show -p UnitFileState --value -- "$unit")" in enabled*) systemctl disable -- "$unit";; esac'
}
