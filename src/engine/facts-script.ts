import type { FactModule } from '../core/facts.ts'
import { hostLockPaths, readLockScript } from './lock-state.ts'

/**
 * Prints the sections of the facts, each after a line `@@ name`. A missing file or tool leaves its section empty. Small files
 * are read by the shell itself: processes are nearly all that a plan costs on a host.
 * The clock is read at the beginning and at the end, so that the script's own time can be told from the way there and back.
 * `modules` are those of every host; `asked` are what this host is asked besides.
 */
export function factsScript(modules: readonly FactModule[], asked: readonly FactModule[] = []): string {
  return `PATH=$PATH:/usr/sbin:/sbin
at() { echo; echo "@@ $1"; }
first() { at "$1"; said=; { read -r said <"$2"; } 2>/dev/null; printf '%s\\n' "$said"; }
all() { while IFS= read -r said || [ -n "$said" ]; do printf '%s\\n' "$said"; done; }
clock() { date '+%s.%N' 2>/dev/null || date '+%s'; }
at clock; clock
${partsOf(modules)}at lock
${readLockScript(hostLockPaths)}
${partsOf(asked)}at clock-end; clock
at end
`
}

function partsOf(modules: readonly FactModule[]): string {
  return modules.map(({ script }) => script).join('')
}
