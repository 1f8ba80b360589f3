import { syncLine } from '../shell/on-disk.ts'
import { forgetFormerNode } from './former-node.ts'
import { stateFolder } from './kubeadm-state.ts'
import { kubeletGivenUp, watchedFunction } from './kubeadm-watch.ts'
import { kubeletFailureScript } from './kubelet-evidence.ts'
import { recordKubeletStart } from './kubelet-files.ts'

/** Lies on a host from before `kubeadm join` until all that belongs to it is done; only such a host is reset. */
export const joinUnfinished = `${stateFolder}/kubeadm-join.unfinished`

/**
 * What kubeadm reads the JoinConfiguration from, in the script of joinScript() and in what its options add. It has no
 * other name; each open of it begins at its start.
 */
export const joinDocument = '/dev/fd/9'

export interface JoinScriptOptions {
  /** Of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** Whether something of an earlier join is there. */
  readonly resetFirst: boolean
  /** Shell functions that the other two use. */
  readonly functions?: string
  /** A command before each attempt to join; its failure is one of the attempt. */
  readonly prepare?: string
  /** A command before each reset: when it fails, nothing is reset. */
  readonly leave?: string
  /** Lines that remove what kubeadm reset leaves. */
  readonly resetMore?: string
}

/**
 * The script that makes the host a node by the JoinConfiguration on its stdin. It tries again where an API server has
 * not learned something yet: one that has just started refuses connections, or rights; and one takes up to 50 s to see
 * that a kubelet is gone, and lets no node of that name join as long. The document, with token and certificate key, has no
 * name any more when kubeadm reads it: nothing of it is left behind, however the script ends (dash runs no EXIT trap on a
 * signal).
 */
export function joinScript({
  criSocket,
  resetFirst,
  functions = '',
  prepare,
  leave,
  resetMore = '',
}: JoinScriptOptions): string {
  const attempt = `watched kubeadm join --config ${joinDocument}`
  const all = prepare === undefined ? attempt : `{ ${prepare} && ${attempt}; }`
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
reset() {
${leave === undefined ? '' : `  ${leave} || exit 1\n`}  systemctl stop kubelet 2>/dev/null || :
  kubeadm reset --force --cri-socket ${criSocket} >/dev/null
${resetMore}  mkdir -p /etc/kubernetes/manifests
}
${functions}${resetFirst ? "echo 'removing what is left of an earlier join'\nreset\n" : ''}${forgetFormerNode}: >${joinUnfinished}
${syncLine(joinUnfinished)}
end=$(( $(date +%s) + 90 ))
while :; do
  status=0
  ${all} 2>"$said" || status=$?
  if [ "$status" -eq 0 ]; then break; fi
  again=
  if grep -qF '${kubeletGivenUp}' "$said"; then :
  elif grep -q 'status "Ready" already exists' "$said"; then
    again='waiting until the API server notices that the former kubelet is gone'
  elif grep -qE 'is forbidden|connection refused|etcdserver: |unexpected EOF' "$said"; then
    again='waiting for an API server that has just started'
  fi
  if [ -n "$again" ] && [ "$(date +%s)" -lt "$end" ]; then
    echo "$again"
    reset
    sleep 5
    continue
  fi
  cat "$said" >&2
  evidence
  exit "$status"
done
${recordKubeletStart}`
}
