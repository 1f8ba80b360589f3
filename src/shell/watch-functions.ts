/**
 * A watch ends the step that began after it, with TERM and 5 s later with KILL: everything younger than itself that is
 * in the exchange's process group or descends from its shell, so that processes that left the group or lost their parent
 * are found too. The shell and its parents are spared by number: times have a resolution of 10 ms only.
 * It sleeps by the second: ending it in time leaves a sleep of one second at most, and needs no trap, which a shell that
 * is about to wait can miss.
 */
export const watchFunctions = `evcctl_watch() {
  (
    evcctl_left=$1
    while [ "$evcctl_left" -gt 0 ]; do
      sleep 1
      evcctl_left=$((evcctl_left - 1))
    done
    trap '' TERM
    evcctl_end_step
    exit 3
  ) >/dev/null 2>&1 &
  evcctl_watch=$!
}
evcctl_unwatch() {
  kill "$evcctl_watch" 2>/dev/null
  wait "$evcctl_watch" 2>/dev/null
  [ "$?" != 3 ] || evcctl_code=$1
}
evcctl_end_step() {
  read -r evcctl_stat </proc/self/stat
  evcctl_self=\${evcctl_stat%% *}
  set -- \${evcctl_stat##*) }
  evcctl_since=\${20}
  for evcctl_signal in TERM KILL KILL; do
    evcctl_find_step
    [ -n "$evcctl_found" ] || return 0
    kill -s "$evcctl_signal" $evcctl_found
    evcctl_try=0
    while [ "$evcctl_try" -lt 25 ] && evcctl_any_alive; do
      sleep 0.2 || sleep 1
      evcctl_try=$((evcctl_try + 1))
    done
  done
}
evcctl_any_alive() {
  for evcctl_pid in $evcctl_found; do
    ! kill -s 0 "$evcctl_pid" || return 0
  done
  return 1
}`
