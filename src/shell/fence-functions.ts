import type { Fence } from '../core/host.ts'
import { quote } from './quote.ts'

/** The file on a host that names the run that wrote to it last: `<generation> <run>`. Like the lock's generation, it survives a reboot. */
export function fenceFileOf({ folder = '/var/lib/evcctl' }: Pick<Fence, 'folder'>): string {
  return `${folder}/fence`
}

/*
 * evcctl_fenced <generation> <run>               true if a later run, or another run of the same generation, has written here
 * evcctl_raise <generation> <run>                records this run as the latest; exit code 1 if it is not the latest, 2 on failure
 * evcctl_move <generation> <run> <from> <to>     renames a file, unless a later run has written here
 * Functions that check and then act do both under one lock, so that no later run can write in between. Every statement ends
 * with a semicolon, because all of this is sent on one line before a pushed file.
 */
const fenceFunctions = `evcctl_fenced() {
  evcctl_last_generation= evcctl_last_run=;
  { read -r evcctl_last_generation evcctl_last_run <"$evcctl_fence"; } 2>/dev/null;
  case $evcctl_last_generation in '' | *[!0-9]*) return 1 ;; esac;
  [ "$evcctl_last_generation" -gt "$1" ] || { [ "$evcctl_last_generation" -eq "$1" ] && [ "$evcctl_last_run" != "$2" ]; };
};
evcctl_lock_fence() { ! command -v flock >/dev/null 2>&1 || flock -w 20 9; };
evcctl_raise() {
  ( umask 077; mkdir -p "\${evcctl_fence%/*}" ) || return 2;
  (
    evcctl_lock_fence || exit 2;
    ! evcctl_fenced "$1" "$2" || exit 1;
    [ "$evcctl_last_generation $evcctl_last_run" != "$1 $2" ] || exit 0;
    umask 077;
    echo "$1 $2" >"$evcctl_fence.new" && { sync "$evcctl_fence.new" 2>/dev/null || sync; } && mv -fT "$evcctl_fence.new" "$evcctl_fence" || exit 2;
  ) 9>>"$evcctl_fence.lock";
};
evcctl_move() {
  (
    evcctl_lock_fence || exit 2;
    if evcctl_fenced "$1" "$2"; then echo 'a later run has written to this host' >&2; exit 1; fi;
    mv -fT -- "$3" "$4";
  ) 9>>"$evcctl_fence.lock";
};`

/** Lines of sh that run `inside` only if `fence` names the latest run on the host. Otherwise they print a marker instead. */
export function underFence(fence: Fence, inside: readonly string[]): readonly string[] {
  const { generation, run } = fence
  return [
    `evcctl_fence=${quote(fenceFileOf(fence))};`,
    fenceFunctions,
    `evcctl_raise ${generation} ${quote(run)};`,
    'case $? in',
    '0)',
    ...inside,
    ';;',
    `1) evcctl_fenced ${generation} ${quote(run)}; evcctl_mark fenced "$evcctl_last_generation" ;;`,
    '*) evcctl_mark unfenced ;;',
    'esac;',
  ]
}
