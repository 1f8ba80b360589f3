import type { Fence } from '../core/host.ts'
import { quote } from './quote.ts'

/** Where a host remembers who wrote to it last: `<generation> <run>`. It outlives a reboot, as the lock's generation does. */
export function fenceFileOf({ folder = '/var/lib/evcctl' }: Pick<Fence, 'folder'>): string {
  return `${folder}/fence`
}

/*
 * evcctl_fenced <generation> <run>               true when a later run has written here, or another one of this generation
 * evcctl_raise <generation> <run>                remembers this run as the latest; exit code 1 when it is not, 2 when that failed
 * evcctl_move <generation> <run> <from> <to>     renames a file unless a later run has written here
 * All that looks and then acts does so under one lock, so that no later run comes in between. Every statement ends with a
 * semicolon: a pushed file is preceded by all of this on one line.
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

/** What is done under the name of a run: a refusal is told by a marker instead of what was to be done. */
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
