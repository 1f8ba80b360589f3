import { probeTimedOut } from '../core/resource.ts'

/**
 * evcctl_guard <seconds>           starts a guard: from here on no probe may take longer
 * evcctl_unguard                   ends the guard
 * evcctl_probe <index> <script>    runs a probe and prints its marker
 * One guard watches many probes, because a process for each probe would make plans slower. Once a second the guard looks for
 * the child of the shell, and counts how often it has seen the same one. It compares no clocks, because a container may
 * have its own uptime. A child that is too old is first stopped with STOP: only then is it certain that it has not ended by
 * itself meanwhile. Then its descendants are killed, and the child last: as soon as it is gone, the shell continues and
 * may end the guard.
 */
export const guardFunctions = `evcctl_guard() {
  evcctl_unguard
  trap evcctl_late=1 USR1
  (
    evcctl_seen=
    read -r evcctl_stat </proc/self/stat
    evcctl_self=\${evcctl_stat%% *}
    while sleep 1 && kill -s 0 "$$"; do
      evcctl_find_child
      if [ "$evcctl_child" != "$evcctl_seen" ]; then evcctl_seen=$evcctl_child evcctl_age=0; fi
      evcctl_age=$((evcctl_age + 1))
      [ -z "$evcctl_child" ] || [ "$evcctl_age" -le "$1" ] || evcctl_end_probe $evcctl_child
    done
  ) >/dev/null 2>&1 &
  evcctl_guard=$!
}
evcctl_unguard() {
  [ -n "\${evcctl_guard:-}" ] || return 0
  kill "$evcctl_guard" 2>/dev/null
  wait "$evcctl_guard" 2>/dev/null
  evcctl_guard=
}
evcctl_find_child() {
  evcctl_child=
  for evcctl_file in /proc/[0-9]*/stat; do
    read -r evcctl_stat <"$evcctl_file" || continue
    set -- "\${evcctl_stat%% *}" \${evcctl_stat##*) }
    [ "$3" = "$$" ] && [ "$1" != "$evcctl_self" ] && [ "$2" != Z ] || continue
    evcctl_child="$1 \${21}"
    return
  done
}
evcctl_end_probe() {
  kill -s STOP "$1" && read -r evcctl_stat <"/proc/$1/stat" || return 0
  case \${evcctl_stat##*) } in [Tt]*) ;; *) return 0 ;; esac
  kill -s USR1 "$$"
  evcctl_since=$2
  evcctl_parents "$$"
  evcctl_ancestors=$evcctl_chain
  evcctl_find_step
  for evcctl_pid in $evcctl_found; do [ "$evcctl_pid" = "$1" ] || kill -s KILL "$evcctl_pid"; done
  kill -s KILL "$1"
}
evcctl_probe() {
  evcctl_text=$2
  evcctl_late=
  ( shift 2; eval "$evcctl_text" )
  evcctl_exit=$?
  [ -z "$evcctl_late" ] || [ "$evcctl_exit" != 137 ] || evcctl_exit=${probeTimedOut}
  evcctl_mark probe "$1" "$evcctl_exit"
}`
