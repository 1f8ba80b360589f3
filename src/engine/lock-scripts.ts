import type { Step } from '../core/resource.ts'
import { lastGeneration } from './generation.ts'
import { encodeHolder, type LockHolder, type LockPaths, staleAfterMs } from './lock-state.ts'

/**
 * What all scripts of the lock begin with. They run one at a time on the host: making the folder is atomic by itself, but
 * finding a lock stale and replacing it is not. Without flock(1) the rest still holds. What is no number of the lock counts as
 * none, as it does for the one who reads it.
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
 * Takes the lock if it is free, stale by the host's own clock, or held by exactly `replaces`, and then raises the generation:
 * by one, and at least to `generation`. A lock that a restart of the host has cleared away is found by what was remembered of
 * its holder, who may still write elsewhere: it counts as pushed aside, too. One that is this run's already, since freeing it
 * failed or the step is repeated, gets a heartbeat: others count from that. The generation that was there before is kept
 * beside the lock, so that a repetition raises it no less and tells the same. Succeeds either way: who holds it afterwards is
 * read by the probe that follows.
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
 * Renews the heartbeat if the lock is still this run's, and makes the host know its generation. A lock that is gone
 * altogether (the host was restarted) is made again as long as nobody took it in between, which the generation tells.
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
 * Frees the lock if it is still this run's. `unfinished`: nothing was done with it, or the work was stopped, so whoever comes next
 * still has to hear of the run that was pushed aside.
 */
export function releaseStep(paths: LockPaths, holder: LockHolder, unfinished: boolean): Step {
  const mine = encodeHolder(holder)
  const keep = `[ ! -e "$lock/replaced" ] || mv -fT "$lock/replaced" "$state/holder"\n  `
  return {
    run: `${prelude(paths)}
[ "$(cat "$state/holder" 2>/dev/null)" != ${mine} ] || rm -f "$state/holder"
if [ "$(cat "$lock/holder" 2>/dev/null)" = ${mine} ]; then
  ${unfinished ? keep : ''}rm -rf "$lock"
fi`,
    timeoutMs: 25_000,
  }
}
