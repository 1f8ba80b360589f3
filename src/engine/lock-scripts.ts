import type { Step } from '../core/resource.ts'
import { lastGeneration } from './generation.ts'
import { encodeHolder, type LockHolder, type LockPaths, staleAfterMs } from './lock-state.ts'

/**
 * The beginning of all scripts of the lock. flock(1) lets them run one at a time on a host: creating a folder is atomic by
 * itself, but finding a lock stale and replacing it is not. Without flock(1), everything else still holds. A generation that is
 * no valid number counts as 0, as in parseLockState().
 */
function prelude(paths: LockPaths): string {
  return `umask 077
run=${paths.run} state=${paths.state} lock=${paths.run}/lock
mkdir -p "$run" "$state"
exec 9>"$run/lock.mutex"
! command -v flock >/dev/null 2>&1 || flock -w 20 9
uptime=$(cut -d. -f1 /proc/uptime)
boot=$(cat /proc/sys/kernel/random/boot_id)
beat() { echo "$boot $uptime" >"$lock/heartbeat.new"; mv -fT "$lock/heartbeat.new" "$lock/heartbeat"; }
generation() {
  known=$(cat "$state/generation" 2>/dev/null || echo 0)
  case $known in '' | *[!0-9]* | 0?* | ${'?'.repeat(String(lastGeneration).length + 1)}*) known=0 ;; esac
}
raise() {
  generation
  [ "$known" -lt "$1" ] && [ "$1" -le ${lastGeneration} ] || return 0
  remember generation "$1"
}
remember() {
  echo "$2" >"$state/$1.new"
  { sync "$state/$1.new" 2>/dev/null || sync; }
  mv -fT "$state/$1.new" "$state/$1"
}`
}

/**
 * Takes the lock if it is free, stale by the host's own clock, or held by exactly `replaces`. It then raises the generation: by
 * one, and at least to `generation`. A restart of the host removes a lock, but the host remembers its holder, who may still
 * write elsewhere: such a holder counts as pushed aside, too. If the lock is already this run's, because freeing it failed or
 * the step is repeated, it gets a heartbeat, from which others count. The generation from before is kept beside the lock, so
 * that a repetition of the step raises it to the same number and reports the same. The step succeeds in any case; the probe
 * that follows reads who holds the lock.
 */
export function takeStep(paths: LockPaths, holder: LockHolder, generation: number, replaces = 'nobody'): Step {
  const mine = encodeHolder(holder)
  return {
    run: `${prelude(paths)}
held=$(cat "$lock/holder" 2>/dev/null || :)
take() {
  found=$(cat "$lock/found" 2>/dev/null || echo 0)
  raise $((found + 1))
  raise ${generation}
}
if [ "$held" = ${mine} ]; then
  beat
  take
  exit 0
fi
if [ -d "$lock" ]; then
  read -r beat_boot beat_uptime <"$lock/heartbeat" || :
  # Later than the heartbeat, which without flock may have come meanwhile.
  read -r uptime beat_rest </proc/uptime
  uptime=\${uptime%.*}
  if [ "\${beat_boot:-}" != "$boot" ] || [ $((uptime - \${beat_uptime:-0})) -gt ${staleAfterMs / 1000} ] ||
    [ $((uptime - \${beat_uptime:-0})) -lt -1 ] ||
    [ -z "$held" ] || [ "$held" = "${replaces}" ]; then
    rm -rf "$lock"
  fi
fi
mkdir "$lock" 2>/dev/null || exit 0
beat
[ -n "$held" ] || held=$(cat "$state/holder" 2>/dev/null || :)
[ -z "$held" ] || [ "$held" = ${mine} ] || echo "$held" >"$lock/replaced"
generation
echo "$known" >"$lock/found"
echo ${mine} >"$lock/holder"
remember holder ${mine}
take`,
    timeoutMs: 30_000,
  }
}

/**
 * Renews the heartbeat if the lock is still this run's, and raises the host's generation to that of the run. A lock that is
 * gone (the host was restarted) is created again, unless the generation shows that somebody else took it in between.
 */
export function heartbeatStep(paths: LockPaths, holder: LockHolder, generation: number): Step {
  const mine = encodeHolder(holder)
  return {
    run: `${prelude(paths)}
generation
if [ ! -d "$lock" ] && [ "$known" = ${generation} ]; then
  mkdir "$lock"
  echo ${mine} >"$lock/holder"
fi
[ "$(cat "$lock/holder" 2>/dev/null)" = ${mine} ] || exit 0
beat
raise ${generation}`,
    timeoutMs: 25_000,
  }
}

/**
 * Frees the lock if it is still this run's. `unfinished`: nothing was done under the lock, or the work was stopped, so the next
 * run still has to learn which run was pushed aside. `forget`: nothing of evcctl is to be left on the host, and this run has taken
 * everything else back there; so the host also forgets how often it was locked and which run wrote to it last.
 */
export function releaseStep(paths: LockPaths, holder: LockHolder, unfinished: boolean, forget = false): Step {
  const mine = encodeHolder(holder)
  const forgetting = `cd "$state"
  rm -f fence fence.new fence.lock generation generation.new holder holder.new
  rmdir "$state" 2>/dev/null || :
  `
  const keep = `[ ! -e "$lock/replaced" ] || mv -fT "$lock/replaced" "$state/holder"\n  `
  return {
    run: `${prelude(paths)}
[ "$(cat "$state/holder" 2>/dev/null)" != ${mine} ] || rm -f "$state/holder"
if [ "$(cat "$lock/holder" 2>/dev/null)" = ${mine} ]; then
  ${forget ? forgetting : unfinished ? keep : ''}rm -rf "$lock"
fi`,
    timeoutMs: 25_000,
  }
}
