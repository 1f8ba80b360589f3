import { quote } from '../../shell/quote.ts'
import { type ApiAccess, againFunction, kubectl } from '../api/index.ts'
import { cordonFunction } from './cordon.ts'
import type { DrainSettings } from './evicted-pods.ts'
import { onNode, rowFormat } from './pod-rows.ts'

/** How many rows of each kind a failed drain prints: evcctl keeps some KiB of the output of a step. */
const mostRows = 7

/** How often a drain that fails at once is tried again, because the API server may only have been restarted. */
const mostTries = 3

// The node, or an error. A node that is gone has nothing left to drain.
const condition = quote('jsonpath={.status.conditions[?(@.type=="Ready")].status}')

// Columns: see pod-rows.ts.
const countDown = quote(`NF > 1 { count++; if (count < 4) names = names (count > 1 ? ", " : "") $2 "/" $3 }
END {
  if (!count) exit
  pods = count == 1 ? "1 pod" : count " pods"
  more = count > 3 ? ", …" : ""
  printf "%s left, %d min %d s before evcctl gives up: %s%s\\n", pods, seconds / 60, seconds % 60, names, more
}`)
const whatIsLeft = quote(`$1 == "Pod" { spaces[$2] = 1; if (++pods <= ${mostRows}) print }
$1 == "PodDisruptionBudget" && ($2 in spaces) && $12 == 0 && ++budgets <= ${mostRows}`)

/**
 * A script that cordons a node and drains it. The evictions are the work of `kubectl drain`; meanwhile the script prints each
 * few seconds how many pods are left and how much time. It ends early if the node stops reporting, because nobody would learn
 * the end of its pods. If the time is over, it prints what is left as rowsIn() reads it, and fails.
 */
export function drainScript(
  api: ApiAccess,
  node: string,
  { timeout, deleteEmptyDirData, force }: DrainSettings,
): string {
  const client = kubectl(api)
  const flags = ['--ignore-daemonsets', deleteEmptyDirData && '--delete-emptydir-data', force && '--force']
  const drain = `${client} drain ${quote(node)} ${flags.filter(flag => flag !== false).join(' ')}`
  return `${againFunction}${cordonFunction(api, node)}again cordon
rows() { timeout 20 ${client} get "$@" --all-namespaces -o ${quote(rowFormat)} </dev/null; }
# Those that leave: no static pods, and of DaemonSets only those that have ended.
leaving() {
  rows pods ${onNode(node)} | awk -F '\\t' '$1 == "Pod" && $8 == "" && ($7 != "DaemonSet" || $5 == "Succeeded" || $5 == "Failed")'
}
is_lost() { [ "$(timeout 20 ${client} get node ${quote(node)} -o ${condition} </dev/null 2>/dev/null)" = Unknown ]; }
lost() { echo 'the node does not report, so its pods are not waited for'; exit 0; }
if is_lost; then lost; fi
end=$(( $(date +%s) + ${Math.ceil(timeout / 1000)} ))
left_seconds() { seconds=$(( end - $(date +%s) )); [ "$seconds" -gt 0 ]; }
drain=
said=$(umask 077; mkdir -p /run/evcctl; mktemp /run/evcctl/drain.XXXXXX)
trap 'rm -f "$said"; if [ -n "$drain" ]; then kill "$drain" 2>/dev/null || :; fi' EXIT
tries=0
while left_seconds; do
  ${drain} --timeout="\${seconds}s" </dev/null >/dev/null 2>"$said" &
  drain=$!
  while kill -0 "$drain" 2>/dev/null; do
    if is_lost; then lost; fi
    if left_seconds && list=$(leaving 2>/dev/null); then printf '%s\\n' "$list" | awk -F '\\t' -v seconds="$seconds" ${countDown}; fi
    for pause in 1 2 3 4; do
      if ! kill -0 "$drain" 2>/dev/null; then break; fi
      sleep 1
    done
  done
  if wait "$drain"; then drain=; exit 0; fi
  drain=
  tries=$(( tries + 1 ))
  if [ "$tries" -ge ${mostTries} ]; then break; fi
  sleep 2
done
tail -n 5 "$said" | cut -c 1-600 >&2
{ leaving && rows poddisruptionbudgets; } | awk -F '\\t' ${whatIsLeft}
exit 1
`
}
