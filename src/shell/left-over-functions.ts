/** The folder in which exchanges with jobs record their process group while they run. */
export const exchangeFolder = '/run/evcctl/exchange'

/**
 * A process group is left over when its shell still runs, but its chain of parents up to sshd has changed: then its connection
 * is gone. A group that is still connected is left alone unless an earlier run began it, because that run has lost its lock.
 */
export const leftOverFunctions = `evcctl_end_left_over() {
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

/**
 * The first part of a request with jobs: it records its group. Only after that the request checks who wrote here last, so that
 * no later run overlooks the group.
 */
export const beginJobs = (generation: number): string => `evcctl_generation=${generation}
evcctl_note 2>/dev/null`

/** The part before the first step: it ends the processes that a killed run, or an earlier one, left running here. */
export const endLeftOver = 'evcctl_end_left_over 2>/dev/null'

/** The last part: it removes the record of the group. */
export const endJobs = `rm -f "${exchangeFolder}/$$" 2>/dev/null`
