import { quote } from '../shell/quote.ts'
import { startedFolder, statScript } from './systemd-state.ts'

export interface Settling {
  readonly unit: string
  readonly state: 'running' | 'stopped'
  readonly enabled: boolean
  readonly masked: boolean
  readonly files: readonly string[]
  readonly action: 'start' | 'restart' | 'reload'
  /** How long it may take to run. */
  readonly seconds: number
}

/** The script that brings a unit to its state, waits until it stays there, and records what it was started with. */
export function settleScript(settling: Settling): string {
  return settling.state === 'running' ? runScript(settling) : stopScript(settling)
}

function runScript({ unit, enabled, files, action, seconds }: Settling): string {
  const stamp = `${startedFolder}/${unit}`
  // The files are recorded before the start: one that changes meanwhile is then seen next time.
  return `unit=${quote(unit)}
begun=$(date +%s)
fail() {
  journalctl --sync 2>/dev/null || :
  { echo "$1"; journalctl --unit="$unit" --since="@$begun" --no-pager --quiet --output=cat | tail -n 20; } >&2
  exit 1
}
if [ "$(systemctl show -p LoadState,NeedDaemonReload --value -- "$unit" | tr '\\n' ' ')" != 'loaded no ' ]; then systemctl daemon-reload; fi
case "$(systemctl show -p UnitFileState --value -- "$unit")" in masked*) systemctl unmask -- "$unit"; systemctl unmask --runtime -- "$unit";; esac
${enableLine(enabled)}
umask 077
mkdir -p ${quote(startedFolder)}
{ ${statScript(files)}; } >${quote(`${stamp}.next`)}
systemctl reset-failed -- "$unit" 2>/dev/null || :
systemctl ${action} -- "$unit" || fail "systemctl ${action} $unit failed"
restarts=$(systemctl show -p NRestarts --value -- "$unit")
end=$(( $(date +%s) + ${seconds} ))
while :; do
  state=$(systemctl show -p ActiveState --value -- "$unit")
  if [ "$state" = active ]; then
    case "$(systemctl show -p Type --value -- "$unit")" in notify*|dbus|oneshot|'') break;; esac
    # Other types count as active the moment they are forked: see whether it stays.
    sleep 1
    if [ "$(systemctl show -p ActiveState --value -- "$unit")" = active ] && [ "$(systemctl show -p NRestarts --value -- "$unit")" = "$restarts" ]; then break; fi
  fi
  if [ "$state" = failed ]; then fail "$unit failed"; fi
  if [ "$(date +%s)" -ge "$end" ]; then fail "$unit is $state after ${seconds} s"; fi
  restarts=$(systemctl show -p NRestarts --value -- "$unit")
  echo "$unit is $state"
  sleep 0.5
done
mv -f ${quote(`${stamp}.next`)} ${quote(stamp)}
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
