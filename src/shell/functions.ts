import type { Fence } from '../core/host.ts'
import { probeTimedOut } from '../core/resource.ts'
import { syncLine } from './on-disk.ts'
import { quote } from './quote.ts'

/*
 * The sh functions that carry a request on the host. Plain POSIX (dash, bash, busybox ash) without here-documents:
 * bash makes temporary files for those, and a request of probes only must write nothing on the host.
 * Field numbers of /proc/<pid>/stat after the command name (proc_pid_stat(5)): 1 state, 2 parent, 3 process group, 20 start time.
 */

/** The folder in which exchanges with jobs note their process group while they run. */
export const exchangeFolder = '/run/evcctl/exchange'

/** Where a host remembers who wrote to it last: `<generation> <run>`. It outlives a reboot, as the lock's generation does. */
export function fenceFileOf({ folder = '/var/lib/evcctl' }: Pick<Fence, 'folder'>): string {
  return `${folder}/fence`
}

// As curl, apt and the libraries of Go read them; curl does not read http_proxy in capitals.
const proxyVariables = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
]

/**
 * Environment of all that runs on a host: fixed language, sane PATH, root's home, known umask and folder, no proxy. Nodes
 * talk to each other without one, and kubeadm would write it into the manifests of the control plane; only downloads ask
 * for what the host has set, by `evcctl_proxies`.
 */
export const environment = `LC_ALL=C
${proxyVariables.map(name => `evcctl_${name}=\${${name}:-}`).join(' ')}
unset ${proxyVariables.join(' ')}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\${PATH:+:$PATH}
HOME=~root
export LC_ALL PATH HOME
umask 022
cd /`

/** Prints a marker on both streams, so that each can be cut into frames on its own. */
export const markFunction = `evcctl_mark() { printf '\\n%s %s\\n' "$evcctl_nonce" "$*"; printf '\\n%s %s\\n' "$evcctl_nonce" "$*" >&2; }`

/** Tells pid, start time and process group of the shell, which is all that is needed to end it from a second channel. */
export const begin = `read -r evcctl_stat </proc/$$/stat
set -- \${evcctl_stat##*) }
evcctl_group=$3 evcctl_start=\${20}
evcctl_mark begin "$$" "$evcctl_start" "$evcctl_group"`

/*
 * evcctl_guard <seconds>           from here on no probe may take longer
 * evcctl_unguard
 * evcctl_probe <index> <script>
 * One guard looks after many probes, since a process for each of them would make plans slower. Once a second it looks which
 * child the shell has, and counts how often it has seen it: clocks are of no use, as containers may have an uptime of their
 * own. One that is too old is stopped before it is ended: only then it is certain that it did not end by itself meanwhile.
 * It goes last: as soon as it is gone, the shell goes on and may end the guard.
 */
const guardFunctions = `evcctl_guard() {
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

// All that is younger than `$evcctl_since` and belongs to what runs here.
const findFunctions = `evcctl_find_step() {
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

/** What every script needs for its probes. */
export const probeFunctions = `${findFunctions}\n${guardFunctions}`

// A watch ends the step that began after it, with TERM and 5 s later with KILL: everything younger than itself that is
// in the exchange's process group or descends from its shell, so that processes that left the group or lost their parent
// are found too. The shell and its parents are spared by number: times have a resolution of 10 ms only.
// It sleeps by the second: ending it in time leaves a sleep of one second at most, and needs no trap, which a shell that
// is about to wait can miss.
const watchFunctions = `evcctl_watch() {
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
    echo "$1 $2" >"$evcctl_fence.new" && { sync "$evcctl_fence.new" 2>/dev/null || sync; } && mv -f "$evcctl_fence.new" "$evcctl_fence" || exit 2;
  ) 9>>"$evcctl_fence.lock";
};
evcctl_move() {
  (
    evcctl_lock_fence || exit 2;
    if evcctl_fenced "$1" "$2"; then echo 'a later run has written to this host' >&2; exit 1; fi;
    mv -f -- "$3" "$4";
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

// A group is left over when its shell lives but the chain of its parents up to sshd is not what it was: the connection
// it belonged to is gone. One that is still connected is left alone, unless an earlier run began it: that run has lost its lock.
const leftOverFunctions = `evcctl_end_left_over() {
  for evcctl_file in ${exchangeFolder}/*; do
    { read -r evcctl_line <"$evcctl_file"; } 2>/dev/null || continue
    set -- $evcctl_line
    evcctl_old_generation=$1 evcctl_old_start=$2 evcctl_old_group=$3 evcctl_old_pid=$4
    shift 3
    evcctl_old_chain=" $*"
    evcctl_stat=
    { read -r evcctl_stat <"/proc/$evcctl_old_pid/stat"; } 2>/dev/null
    set -- \${evcctl_stat##*) }
    if [ "\${20:-}" = "$evcctl_old_start" ] && [ "$3" = "$evcctl_old_group" ]; then
      evcctl_parents "$evcctl_old_pid"
      [ "$evcctl_chain" != "$evcctl_old_chain" ] || evcctl_is_earlier "$evcctl_old_generation" || continue
      evcctl_end_group "$evcctl_old_group"
    fi
    rm -f -- "$evcctl_file"
  done
}
evcctl_is_earlier() { [ "$1" -gt 0 ] && [ "$1" -lt "$evcctl_generation" ]; }
evcctl_note() {
  evcctl_parents "$$"
  evcctl_ancestors=$evcctl_chain
  [ -d ${exchangeFolder} ] || ( umask 077; mkdir -p ${exchangeFolder} )
  echo "$evcctl_generation $evcctl_start $evcctl_group$evcctl_chain" >"${exchangeFolder}/$$"
}`

/** `evcctl_end_group <group>`: TERM, and KILL for what is still there after 5 s. */
export const endGroupFunction = `evcctl_end_group() {
  kill -s TERM -- "-$1" 2>/dev/null
  evcctl_try=0
  while [ "$evcctl_try" -lt 35 ] && kill -s 0 -- "-$1" 2>/dev/null; do
    [ "$evcctl_try" -lt 25 ] || kill -s KILL -- "-$1" 2>/dev/null
    sleep 0.2 2>/dev/null || sleep 1
    evcctl_try=$((evcctl_try + 1))
  done
}`

/**
 * Makes `$evcctl_new`, empty of an earlier attempt, in the folder of `$1`, and removes it unless it is kept. Also when a
 * lost connection makes the next message end the shell with PIPE.
 */
export const newFile = `evcctl_new=\${1%/*}/.\${1##*/}.evcctl; umask 077; if [ -d "$1" ]; then echo "$1 is a directory" >&2; exit 1; fi; trap 'rm -f -- "$evcctl_new"' EXIT; trap 'exit 143' HUP INT PIPE TERM; if [ -e "$evcctl_new" ] || [ -L "$evcctl_new" ]; then rm -f -- "$evcctl_new"; fi; set -C`

const syncNew = syncLine('"$evcctl_new"')

/** Gives `$evcctl_new` its final name, once its content is on the disk. */
export const keepFile = `${syncNew}; mv -f -- "$evcctl_new" "$1"; trap - EXIT`

/** The same, unless a later run has written to the host. */
export const keepFileUnderFence = ({ generation, run }: Fence): string =>
  `${syncNew}; evcctl_move ${generation} ${quote(run)} "$evcctl_new" "$1"; trap - EXIT`

// For subshells that download: the proxies of the host's own environment.
const proxiesFunction = `evcctl_proxies() {
${proxyVariables.map(name => `  [ -z "$evcctl_${name}" ] || export ${name}="$evcctl_${name}"`).join('\n')}
  :
}`

/** A line of a step that makes the proxies of the host's environment count from here on; nothing where there are none. */
export const withProxies = 'if command -v evcctl_proxies >/dev/null; then evcctl_proxies; fi'

/*
 * evcctl_job <job>                                   begins a job
 * evcctl_resume <job>                                goes on with it after a pushed file
 * evcctl_run <step> <seconds> <script> [stdin]
 * evcctl_write <step> <path> <mode> <owner> <content>
 * evcctl_until <step> <seconds> <pause> <script>
 * evcctl_settle <folder>…                           waits until the names in them are on the disk
 * evcctl_verify <seconds> <script>
 * After a failed step, the rest of its job does nothing.
 */
const stepFunctions = `evcctl_job() { evcctl_job=$1 evcctl_code=0; evcctl_mark job "$1"; }
evcctl_resume() { evcctl_job=$1 evcctl_code=0; evcctl_mark resume "$1"; }
evcctl_run() {
  [ "$evcctl_code" = 0 ] || return 0
  evcctl_text=$3
  evcctl_watch "$2"
  if [ "$#" -gt 3 ]; then
    printf '%s' "$4" 2>/dev/null | ( shift 4; set -eu; eval "$evcctl_text" )
  else
    ( shift 3; set -eu; eval "$evcctl_text" )
  fi
  evcctl_code=$?
  evcctl_unwatch 124
  evcctl_mark step "$evcctl_job" "$1" "$evcctl_code"
}
evcctl_write() {
  [ "$evcctl_code" = 0 ] || return 0
  (
    shift
    set -eu
    ${newFile}
    printf '%s' "$4" >"$evcctl_new"
    [ -z "$3" ] || chown -- "$3" "$evcctl_new"
    chmod -- "$2" "$evcctl_new"
    ${keepFile}
  )
  evcctl_code=$?
  evcctl_mark step "$evcctl_job" "$1" "$evcctl_code"
}
evcctl_until() {
  [ "$evcctl_code" = 0 ] || return 0
  evcctl_watch "$2"
  (
    evcctl_pause=$3 evcctl_text=$4
    shift 4
    while :; do
      evcctl_mark again
      ( eval "$evcctl_text" )
      [ "$?" != 0 ] || exit 0
      sleep "$evcctl_pause" 2>/dev/null || sleep 1
    done
  )
  evcctl_code=$?
  evcctl_unwatch 124
  evcctl_mark step "$evcctl_job" "$1" "$evcctl_code"
}
evcctl_settle() {
  [ "$evcctl_code" = 0 ] || return 0
  for evcctl_folder; do ${syncLine('"$evcctl_folder"')}; done
}
evcctl_verify() {
  [ "$evcctl_code" = 0 ] || return 0
  evcctl_text=$2
  evcctl_watch "$1"
  evcctl_mark check
  ( shift 2; eval "$evcctl_text" )
  evcctl_code=$?
  evcctl_unwatch ${probeTimedOut}
  evcctl_mark verify "$evcctl_job" "$evcctl_code"
}`

/** All that requests with jobs need besides. */
export const jobFunctions = [proxiesFunction, watchFunctions, endGroupFunction, leftOverFunctions, stepFunctions].join(
  '\n',
)

/** What a request with jobs does first: notes itself. Only then it is asked who wrote here last, so that no later run overlooks it. */
export const beginJobs = (generation: number): string => `evcctl_generation=${generation}
evcctl_note 2>/dev/null`

/** What comes before the first step: ends what a killed run, or an earlier one, left running here. */
export const endLeftOver = 'evcctl_end_left_over 2>/dev/null'

/** And last. */
export const endJobs = `rm -f "${exchangeFolder}/$$" 2>/dev/null`
