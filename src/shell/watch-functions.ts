/**
 * A watch ends the step that began after it when the step takes too long, with TERM and 5 s later with KILL. It ends all
 * processes younger than itself that are in the exchange's process group or descend from its shell. So it also finds
 * processes that have left the group or lost their parent. The shell and its parents are excluded by their process ids,
 * because start times have a resolution of only 10 ms.
 * The watch sleeps one second at a time. If it is ended early, at most one `sleep 1` is left over, and the watch needs no
 * trap, which a shell that is about to wait can miss.
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
