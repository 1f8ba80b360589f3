import { apiReady } from './api-access.ts'
import { processFunction } from './own-process.ts'

const program = '/run/evcctl/api-gate'
const unit = 'evcctl-api-gate.service'
/** The file with the process of the API server that ran when the gate began. */
const former = `${program}.former`
const comment = 'evcctl: the API server starts'

/** The longest time for which the gate is there, s: longer than an API server is waited for. Then systemd opens it. */
const longest = 300
/** How long it is watched whether a kubelet of another version starts the API server again, s. */
const watched = 60

/** How often it is tried to open the gate while another program has the lock of the packet filter; each time takes up to 5 s. */
const tries = 15

// The program lies on the host, so that the gate is opened whatever becomes of the script that closed it. Connections that exist are left
// alone. iptables ends with 1 where there is no such rule, and with 4 where another program has its lock.
const gate = `${processFunction}rule() {
  "$1" -w 5 "$2" INPUT ! -i lo -p tcp --dport "$3" -m conntrack --ctstate NEW -m comment --comment '${comment}' -j REJECT --reject-with tcp-reset 2>/dev/null
}
open_gate() {
  for tables in iptables ip6tables; do
    for try in $(seq ${tries}); do
      code=0
      rule "$tables" -D "$1" || code=$?
      case $code in 0|4) ;; *) break ;; esac
    done
  done
}
close_gate() {
  open_gate "$1"
  for tables in iptables ip6tables; do rule "$tables" -I "$1" || :; done
}
ready() {
  ${apiReady('"https://127.0.0.1:$1"')}
}
case $1 in
  open) open_gate "$2" ;;
  begin)
    process_of kube-apiserver >${former}
    if [ ! -s ${former} ] || ! ready "$2"; then close_gate "$2"; fi ;;
  keep)
    former=$(cat ${former})
    if [ -n "$former" ]; then
      end=$(( $(date +%s) + ${watched} ))
      serves=
      while [ -e "/proc/$former" ]; do
        if [ "$serves" ]; then
          if [ "$(date +%s)" -ge "$end" ]; then exit 0; fi
        elif ready "$2"; then
          serves=yes
          open_gate "$2"
        fi
        sleep 0.1
      done
      close_gate "$2"
    fi
    until ready "$2"; do sleep 0.3; done ;;
esac
`

/**
 * A shell function `gate_api PORT`, for a start of the API server of this node. An API server takes connections for some
 * seconds before it can serve, and refuses everybody with 403 until it has read its roles; a proxy sends clients there. As long as the gate
 * is closed, new connections of other hosts are refused at once, and a proxy goes on to the next server. Where no API server is ready, the
 * gate is closed from now on; where one is, from its end, if that comes within a minute. It opens by itself when the server is ready.
 * Where there is no iptables or no systemd, it stays open. The function never fails.
 */
export const gateFunction = `gate_api() {
  (
    mkdir -p /run/evcctl
    cat >${program}.new <<'EVCCTL' && mv -fT ${program}.new ${program} || exit
${gate}EVCCTL
    systemctl stop ${unit}
    systemd-run --quiet --collect --unit ${unit} --property RuntimeMaxSec=${longest} --property TimeoutStopSec=${2 * tries * 5} \\
      --property "ExecStartPre=/bin/sh ${program} begin $1" --property "ExecStopPost=/bin/sh ${program} open $1" /bin/sh ${program} keep "$1"
  ) >/dev/null 2>&1 || :
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
