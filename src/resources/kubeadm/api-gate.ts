import { kubectl } from '../api/index.ts'
import { kubeadmApi } from './api-access.ts'

const program = '/run/evcctl/api-gate'
const unit = 'evcctl-api-gate.service'
/** The file with the process of the API server that ran when the gate began. */
const former = `${program}.former`
const comment = 'evcctl: the API server starts'

/** The longest time for which the gate is there, s: longer than an API server is waited for. Then systemd opens it. */
const longest = 300
/** How long it is watched whether a kubelet of another version starts the API server again, s. */
const watched = 60

// The program lies on the host, so that the gate is opened whatever becomes of the script that closed it. Connections that exist are left alone.
const gate = `open_gate() {
  for tables in iptables ip6tables; do
    "$tables" -w 5 -S INPUT 2>/dev/null | grep -F -e '${comment}' | sed 's/^-A/-D/' | while read -r rule; do
      eval "\\"$tables\\" -w 5 $rule" || :
    done
  done
}
close_gate() {
  open_gate
  for tables in iptables ip6tables; do
    "$tables" -w 5 -I INPUT ! -i lo -p tcp --dport "$1" -m conntrack --ctstate NEW -m comment --comment '${comment}' -j REJECT --reject-with tcp-reset 2>/dev/null || :
  done
}
server() { grep -l -a -s -e '^\\(/.*/\\)\\{0,1\\}kube-apiserver[^a-z-]' /proc/[0-9]*/cmdline | head -n 1; }
case $1 in
  open) open_gate ;;
  begin)
    server >${former}
    if [ ! -s ${former} ]; then close_gate "$2"; fi ;;
  keep)
    former=$(cat ${former})
    if [ -n "$former" ]; then
      end=$(( $(date +%s) + ${watched} ))
      while [ "$(server)" = "$former" ]; do
        if [ "$(date +%s)" -ge "$end" ]; then exit 0; fi
        sleep 0.1
      done
      close_gate "$2"
    fi
    until ${kubectl(kubeadmApi, 5)} --server="https://127.0.0.1:$2" get --raw /readyz >/dev/null 2>&1; do sleep 0.3; done ;;
esac
`

/**
 * A shell function `gate_api PORT`, for right before a start of the API server of this node. An API server takes connections for some
 * seconds before it can serve, and refuses everybody with 403 until it has read its roles; a proxy sends clients there. As long as the gate
 * is closed, new connections of other hosts are refused at once, and a proxy goes on to the next server. Where no API server runs, the gate
 * is closed from now on; where one does, from its end, if that comes within a minute. It opens by itself when the server is ready.
 * Where there is no iptables or no systemd, it stays open.
 */
export const gateFunction = `gate_api() {
  mkdir -p /run/evcctl
  cat >${program} <<'EVCCTL'
${gate}EVCCTL
  systemctl stop ${unit} 2>/dev/null || :
  systemd-run --quiet --collect --unit ${unit} --property RuntimeMaxSec=${longest} --property "ExecStartPre=/bin/sh ${program} begin $1" \\
    --property 'ExecStopPost=/bin/sh ${program} open' /bin/sh ${program} keep "$1" >/dev/null 2>&1 || :
}
`

/**
 * A command of sh that calls `gate_api` with the port of the API server in a manifest.
 *
 * @param manifest the file, as a word of sh
 */
export const gateOfManifest = (manifest: string): string =>
  `gate_api "$(sed -n 's/^ *- --secure-port=\\([0-9]\\{1,5\\}\\)$/\\1/p' ${manifest} 2>/dev/null | grep . || echo 6443)"`

/**
 * Lines of sh before a restart of the kubelet of a control plane node. A kubelet of another version starts the containers of static pods
 * again, some seconds after its own start.
 *
 * @param port the port of the API server
 * @param version a command of sh that prints the version of the kubelet that will run
 * @param provenVersion the file with the version that ran
 */
export function gateBeforeKubelet(port: number, version: string, provenVersion: string): string {
  return `${gateFunction}if [ "$(${version} 2>/dev/null)" != "$(cat ${provenVersion} 2>/dev/null)" ]; then gate_api ${port}; fi
`
}
