/**
 * evcctl_find_step         finds the processes of this exchange that are not older than `$evcctl_since`
 * evcctl_parents <pid>     finds a process and its parents, up to sshd
 */
export const findFunctions = `evcctl_find_step() {
  evcctl_found= evcctl_last=-
  while [ "$evcctl_found" != "$evcctl_last" ]; do
    evcctl_last=$evcctl_found
    for evcctl_file in /proc/[0-9]*/stat; do
      read -r evcctl_stat <"$evcctl_file" || continue
      evcctl_pid=\${evcctl_stat%% *}
      set -- \${evcctl_stat##*) }
      [ "$1" != Z ] && [ "$evcctl_pid" != "$evcctl_self" ] && [ "\${20}" -ge "$evcctl_since" ] || continue
      case "$evcctl_ancestors $evcctl_found " in *" $evcctl_pid "*) continue ;; esac
      case " $$ $evcctl_found " in
        *" $2 "*) evcctl_found="$evcctl_found $evcctl_pid" ;;
        *) [ "$3" != "$evcctl_group" ] || evcctl_found="$evcctl_found $evcctl_pid" ;;
      esac
    done
  done
}
evcctl_parents() {
  evcctl_chain= evcctl_pid=$1
  while [ "$evcctl_pid" -gt 1 ] && { read -r evcctl_stat <"/proc/$evcctl_pid/stat"; } 2>/dev/null; do
    evcctl_chain="$evcctl_chain $evcctl_pid"
    case $evcctl_stat in *'(sshd'* | *'(dropbear'*) break ;; esac
    set -- \${evcctl_stat##*) }
    evcctl_pid=$2
  done
}`
