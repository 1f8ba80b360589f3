import type { FactModule } from '../core/facts.ts'
import { hostLockPaths, readLockScript } from './lock-state.ts'

/**
 * The script that prints the sections of the facts, each after a line `@@ name`. A missing file or tool leaves its section
 * empty. The shell reads small files itself, because starting processes is nearly all that a plan costs on a host.
 * It reads the clock at the beginning and at the end, so that its own time can be told from the time on the network.
 * `modules` are the same for every host; `asked` are for this host only.
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
