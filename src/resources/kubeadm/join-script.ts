import { kubeletFailureScript, recordKubeletStart } from '../kubelet/index.ts'
import { stateFolder } from '../support/index.ts'
import { forgetFormerNode } from './former-node.ts'
import { type ResetOptions, resetFunctions } from './reset.ts'
import { kubeadmUnfinished } from './unfinished.ts'
import { kubeletGivenUp, watchedFunction } from './watch.ts'

/**
 * The path from which kubeadm reads the JoinConfiguration, in the script of joinScript() and in what its options add. The
 * document has no other name; each open of the path begins at its start.
 */
export const joinDocument = '/dev/fd/9'

export interface JoinScriptOptions extends ResetOptions {
  readonly run: 'control-plane' | 'worker'
  /** Whether remains of an earlier join are there. */
  readonly resetFirst: boolean
  /** Whether the JoinConfiguration skips kubeadm's own preflight. */
  readonly skipsPreflight: boolean
  /** Shell functions that the other lines use. */
  readonly functions?: string
  /** A command before each attempt to join; if it fails, the attempt fails. */
  readonly prepare?: string
  /** A command that runs beside each attempt, and is ended with it. What it prints is not shown. */
  readonly beside?: string
}

/** A function of sh, `accompanied COMMAND…`: runs the command with another beside it, which is ended with it. */
export function accompaniedFunction(beside: string): string {
  return `accompanied() {
  ${beside} </dev/null >/dev/null 2>&1 9<&- &
  beside=$!
  joined=0
  "$@" || joined=$?
  kill "$beside" 2>/dev/null || :
  wait "$beside" 2>/dev/null || :
  return "$joined"
}
`
}

/**
 * The script that joins the host to the cluster by the JoinConfiguration on its stdin. It retries where an API server is
 * behind: one that has just started refuses connections, or rights; and an API server takes up to 50 s to notice that a
 * kubelet is gone, and lets no node of the same name join before. The script undoes only what it, or a run that was cut off,
 * has begun: kubeadm's preflight, which comes first, changes nothing. The document, with token and certificate key, has
 * no name any more when kubeadm reads it. So nothing of it is left behind, however the script ends (dash runs no EXIT trap
 * on a signal).
 */
export function joinScript({
  resetFirst,
  skipsPreflight,
  functions = '',
  prepare,
  beside,
  ...reset
}: JoinScriptOptions): string {
  const attempt = `${beside === undefined ? '' : 'accompanied '}watched kubeadm join --config ${joinDocument}`
  const all = prepare === undefined ? attempt : `{ ${prepare} && ${attempt}; }`
  const check = `kubeadm join phase preflight --config ${joinDocument} 2>"$said" || status=$?`
  return `${kubeletFailureScript}${watchedFunction}mkdir -p ${stateFolder} /run/evcctl /etc/kubernetes/manifests
configuration=/run/evcctl/kubeadm-join.yaml
said=/run/evcctl/kubeadm-join.said
trap 'rm -f "$configuration" "$said"' EXIT
trap 'exit 143' HUP INT TERM
rm -f "$configuration"
( umask 077; cat >"$configuration" )
exec 9<"$configuration"
rm -f "$configuration"
systemctl daemon-reload
systemctl enable --quiet kubelet
${functions}${beside === undefined ? '' : accompaniedFunction(beside)}${resetFunctions(reset)}${resetFirst ? "echo 'removing what is left of an earlier join'\nreset_host\n" : ''}end=$(( $(date +%s) + 90 ))
while :; do
  status=0
  ${skipsPreflight ? ': >"$said"' : check}
  if [ "$status" -eq 0 ]; then
    ${forgetFormerNode}    begin
    ${all} 2>"$said" || status=$?
    if [ "$status" -eq 0 ]; then break; fi
  fi
  again=
  if grep -qF '${kubeletGivenUp}' "$said"; then :
  elif grep -q 'status "Ready" already exists' "$said"; then
    again='waiting until the API server notices that the former kubelet is gone'
  elif grep -qE 'is forbidden|connection refused|etcdserver: |unexpected EOF' "$said"; then
    again='waiting for an API server that has just started'
  fi
  if [ -n "$again" ] && [ "$(date +%s)" -lt "$end" ]; then
    echo "$again"
    if ${kubeadmUnfinished}; then reset_host; fi
    sleep 5
    continue
  fi
  cat "$said" >&2
  evidence
  exit "$status"
done
${recordKubeletStart}`
}
