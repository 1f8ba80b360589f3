import { clearMark, setMark } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl } from '../api/index.ts'
import { kubeadmApi, kubeletCaMark } from '../kubeadm/index.ts'

/** Probe lines: `kubelet=former` while a kubelet may run with files from before a change that was cut off. */
export const printKubeletMark = `if [ -e ${kubeletCaMark} ]; then echo kubelet=former; fi
`

/** Lines of sh that come before the kubelet's files change. */
export const markKubelet = setMark(kubeletCaMark)

/** How long a kubelet may take from its restart until it has reported that its node is Ready, s. */
const readySeconds = 180

const condition = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}} {{.lastHeartbeatTime}}{{end}}{{end}}'

/**
 * A script that starts the kubelet again with its new files, if the mark is there, and waits until it has reported that its node is
 * Ready. `ready`: false where evcctl installs no pod network; then it only has to report.
 */
export function restartKubelet(node: string, ready: boolean): string {
  return `if [ -e ${kubeletCaMark} ]; then
  echo 'starting the kubelet again'
  begun=$(date -u +%Y%m%d%H%M%S)
  systemctl restart kubelet
  end=$(( $(date +%s) + ${readySeconds} ))
  while :; do
    said=$(${kubectl(kubeadmApi, 5, kubeadmApi.kubeletConf)} get node ${quote(node)} -o go-template=${quote(condition)} 2>&1) || :
    case $said in
    ${ready ? "'True '*" : "'True '* | 'False '*"})
      at=$(printf '%s' "\${said#* }" | tr -dc 0-9)
      if [ "\${at:-0}" -ge "$begun" ]; then break; fi ;;
    esac
    if [ "$(date +%s)" -ge "$end" ]; then
      printf 'the kubelet has not reported since it was started again: %s\\n' "$said" >&2
      journalctl -u kubelet -n 5 -o cat --no-pager >&2 2>/dev/null || :
      exit 1
    fi
    sleep 0.5
  done
  ${clearMark(kubeletCaMark).trimEnd().replaceAll('\n', '\n  ')}
fi
`
}

/** How long the step of restartKubelet() may take, ms. */
export const restartKubeletMs = (readySeconds + 60) * 1000
