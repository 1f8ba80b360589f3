main() {
LC_ALL=C
evcctl_http_proxy=${http_proxy:-} evcctl_https_proxy=${https_proxy:-} evcctl_no_proxy=${no_proxy:-} evcctl_all_proxy=${all_proxy:-} evcctl_HTTP_PROXY=${HTTP_PROXY:-} evcctl_HTTPS_PROXY=${HTTPS_PROXY:-} evcctl_NO_PROXY=${NO_PROXY:-} evcctl_ALL_PROXY=${ALL_PROXY:-}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
HOME=~root
export LC_ALL PATH HOME
case $(export -p) in *[Pp][Rr][Oo][Xx][Yy]=*) for evcctl_name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p'); do unset "$evcctl_name"; done ;; esac
umask 022
cd /
evcctl_nonce=0123456789abcdef
evcctl_mark() { printf '\n%s %s\n' "$evcctl_nonce" "$*"; printf '\n%s %s\n' "$evcctl_nonce" "$*" >&2; }
evcctl_find_step() {
  evcctl_found= evcctl_last=-
  while [ "$evcctl_found" != "$evcctl_last" ]; do
    evcctl_last=$evcctl_found
    for evcctl_file in /proc/[0-9]*/stat; do
      read -r evcctl_stat <"$evcctl_file" || continue
      evcctl_pid=${evcctl_stat%% *}
      set -- ${evcctl_stat##*) }
      [ "$1" != Z ] && [ "$evcctl_pid" != "$evcctl_self" ] && [ "${20}" -ge "$evcctl_since" ] || continue
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
    set -- ${evcctl_stat##*) }
    evcctl_pid=$2
  done
}
evcctl_guard() {
  evcctl_unguard
  trap evcctl_late=1 USR1
  (
    evcctl_seen=
    read -r evcctl_stat </proc/self/stat
    evcctl_self=${evcctl_stat%% *}
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
  [ -n "${evcctl_guard:-}" ] || return 0
  kill "$evcctl_guard" 2>/dev/null
  wait "$evcctl_guard" 2>/dev/null
  evcctl_guard=
}
evcctl_find_child() {
  evcctl_child=
  for evcctl_file in /proc/[0-9]*/stat; do
    read -r evcctl_stat <"$evcctl_file" || continue
    set -- "${evcctl_stat%% *}" ${evcctl_stat##*) }
    [ "$3" = "$$" ] && [ "$1" != "$evcctl_self" ] && [ "$2" != Z ] || continue
    evcctl_child="$1 ${21}"
    return
  done
}
evcctl_end_probe() {
  kill -s STOP "$1" && read -r evcctl_stat <"/proc/$1/stat" || return 0
  case ${evcctl_stat##*) } in [Tt]*) ;; *) return 0 ;; esac
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
  [ -z "$evcctl_late" ] || [ "$evcctl_exit" != 137 ] || evcctl_exit=1000
  evcctl_mark probe "$1" "$evcctl_exit"
}
read -r evcctl_stat </proc/$$/stat
set -- ${evcctl_stat##*) }
evcctl_group=$3 evcctl_start=${20}
evcctl_mark begin "$$" "$evcctl_start" "$evcctl_group"
evcctl_guard 8
evcctl_probe 0 'cat /etc/hostname'
evcctl_probe 1 'echo '\''a b'\'''
evcctl_unguard
evcctl_mark end
}
main </dev/null; exit
