import { probeTimedOut } from '../core/resource.ts'
import { keepFile, newFile } from './new-file.ts'
import { syncLine } from './on-disk.ts'

/**
 * evcctl_job <job>                                   begins a job
 * evcctl_resume <job>                                goes on with it after a pushed file
 * evcctl_run <step> <seconds> <script> [stdin]
 * evcctl_write <step> <path> <mode> <owner> <content>
 * evcctl_until <step> <seconds> <pause> <script>
 * evcctl_settle <folder>…                           waits until the names in them are on the disk
 * evcctl_verify <seconds> <script>
 * After a failed step, the rest of its job does nothing.
 */
export const stepFunctions = `evcctl_job() { evcctl_job=$1 evcctl_code=0; evcctl_mark job "$1"; }
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
