import { quote } from '../../shell/quote.ts'
import type { ApiAccess } from '../api/index.ts'
import { processFunction } from './own-process.ts'

/*
 * The manifests stay where they are: the kubelet is stopped, and then the processes of its static pods. So nothing is to be
 * put back, and a host that is booted meanwhile, or whose restore is given up, is a control plane node as before.
 */

const endFunction = `${processFunction}end() {
  pids=$(processes_of "$1")
  if [ -z "$pids" ]; then return 0; fi
  echo "stopping $1"
  kill -TERM $pids 2>/dev/null || :
  limit=$(( $(date +%s) + $2 ))
  while pids=$(processes_of "$1"); [ -n "$pids" ]; do
    if [ "$(date +%s)" -ge "$limit" ]; then kill -KILL $pids 2>/dev/null || :; fi
    sleep 0.2
  done
}
`

/** Stops the kubelet, the API server and the controllers of a control plane node; pods run on. */
export const stopControlPlane = `systemctl stop kubelet.service
${endFunction}end kube-scheduler 5
end kube-controller-manager 5
end kube-apiserver 10
`

/** Lines of sh that fail where the control plane may have started again since it was stopped, e.g. by a boot. */
export const controlPlaneStopped = `case $(systemctl show --property ActiveState --value kubelet.service) in
  inactive | failed) ;;
  *) exit 1 ;;
esac
${processFunction}[ -z "$(processes_of kube-apiserver)" ]
`

/** Stops a stacked member of etcd. Its kubelet is stopped before. */
export const stopStackedEtcd = `systemctl stop kubelet.service
${endFunction}end etcd 30
`

/** Starts the kubelet, and with it the static pods. */
export const startControlPlane = 'systemctl start --no-block kubelet.service\n'

/** Waits until the API server of this node is ready. `server`: its `host:port`. */
export function apiServesScript({ kubectl, adminConf }: ApiAccess, server: string, seconds = 300): string {
  return `end=$(( $(date +%s) + ${seconds} ))
until said=$(${kubectl} --kubeconfig ${adminConf} --server ${quote(`https://${server}`)} --request-timeout 5s get --raw /readyz 2>&1); do
  if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' "$said" >&2; exit 1; fi
  echo 'waiting for the API server'
  sleep 1
done
`
}

/**
 * Waits until those of these nodes that the restored state knows have reported since the script began, and are Ready. What
 * the state itself says of them is old.
 */
export function nodesReadyScript({ kubectl, adminConf }: ApiAccess, nodes: readonly string[], seconds = 300): string {
  return `ask() { ${kubectl} --kubeconfig ${adminConf} --request-timeout 10s get "$@"; }
began=$(date -u +%Y-%m-%dT%H:%M:%S)
end=$(( $(date +%s) + ${seconds} ))
for node in ${nodes.map(name => quote(name)).join(' ')}; do
  while :; do
    known=$(ask node --ignore-not-found -o name "$node") && [ -z "$known" ] && break
    renewed=$(ask lease -n kube-node-lease --ignore-not-found -o 'jsonpath={.spec.renewTime}' "$node" || :)
    ready=$(ask node --ignore-not-found -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' "$node" || :)
    if [ "$ready" = True ] && [ "$(printf '%s\\n' "$began" "$renewed" | sort | tail -n 1)" = "$renewed" ]; then break; fi
    if [ "$(date +%s)" -ge "$end" ]; then echo "$node is not Ready: Ready=$ready, last report $renewed" >&2; exit 1; fi
    echo "waiting for $node"
    sleep 1
  done
done
`
}
