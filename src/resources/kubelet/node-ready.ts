import type { ErrorDetails } from '../../core/error-details.ts'
import { longProbeMs } from '../../core/limits.ts'
import type { ProbeResult, Resource, StepFailure } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { type ApiAccess, kubectl, podEvidence } from '../api/index.ts'
import { type ImageStore, imageStores } from '../artifacts/index.ts'
import { linesOf } from '../support/index.ts'
import {
  type KeptUnit,
  keepScript,
  putBackFunction,
  putBackMark,
  recoverFunction,
  type UnitHealth,
} from '../systemd/index.ts'

/** The host's own node as the API server reports it. */
export interface NodeReadyState {
  /**
   * `absent`: the host has no credentials of a node, or the cluster has no such node. `api down`: it is a control plane node
   * whose own API server, or the etcd behind it, does not work.
   */
  readonly state: 'absent' | 'unreachable' | 'not ready' | 'api down' | 'ready'
  /** The error message of the API server, or of the way to it; empty when it answered. */
  readonly said: string
  /** Whether evcctl has started the kubelet and the node has not been seen Ready since then. */
  readonly unproven: boolean
}

/** The service in which the kubelet of a node runs. */
export interface NodeService {
  readonly unit: string
  readonly health: UnitHealth
  /**
   * This file exists after evcctl has started the unit, until the node has been seen Ready since then. It holds the time by
   * the node's own clock (seconds since the epoch, then UTC in the notation of the API).
   */
  readonly unproven: string
  /** Command of sh that prints the version of its program. */
  readonly version: string
  /** File with the version with which the node was last seen Ready. */
  readonly provenVersion: string
}

export interface NodeReadyParameters {
  readonly api: ApiAccess
  readonly service: NodeService
  /** Name of the node. */
  readonly name: string
  /** `host:port` at which this node reaches the API. */
  readonly endpoint: string
  /** `host:port` of the node's own API server; undefined: the node is a worker. */
  readonly ownApi?: string
  /** False where evcctl installs no pod network: then the node only has to be in the cluster. */
  readonly ready: boolean
  /** The runtime whose pulls count as progress. */
  readonly store: ImageStore
  /** The container runtime and the kubelet, with the files that they get back when the node does not become Ready. */
  readonly kept: readonly KeptUnit[]
}

// How long nothing at all may happen, s. As long as images arrive, however slowly, the wait goes on.
const patienceSeconds = 300
// A kubelet that was restarted for a change has everything that it needs on the node already.
const trialSeconds = 120
// A kubelet of another version may start the containers of static pods again, some seconds after its own start: what it
// compares them by differs between versions. Only after that is an API server that serves known to go on serving.
const settlingSeconds = 15
const longest = 2 * 60 * 60_000

const whyNotReady = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.message}}{{"\\n"}}{{end}}{{end}}'

/**
 * The host is a node that the cluster calls Ready. The host asks with the kubelet's credentials, so that nodes wait side by
 * side and none of them occupies the control plane node. A kubelet creates its Node object only when it starts, so it is
 * restarted if somebody has deleted that object. The task gives up when nothing has happened for 5 minutes.
 *
 * Reports from before the kubelet was restarted do not count: the kubelet has to have reported since. A control plane node
 * also has to serve the API itself, since another one may be the next to change. Once the node is Ready, its files are kept
 * as good; otherwise it and the container runtime get back the files that were kept before.
 */
export function nodeReady({
  api,
  service,
  name,
  endpoint,
  ownApi,
  ready,
  store,
  kept,
}: NodeReadyParameters): Resource<NodeReadyState, { readonly node: string }> {
  const script = askScript({ api, name, endpoint, ownApi })
  return {
    kind: 'node',
    name,
    title: 'wait until Ready',
    probe: { script: `${printUnproven(service)}${script}`, timeoutMs: longProbeMs, parse: parseState },
    desired: { node: name },
    diff(current, _desired, { watched }) {
      const enough = current.state === 'ready' || (!ready && current.state === 'not ready')
      if (enough && !current.unproven && watched.length === 0) return undefined
      const after = ready ? 'Ready' : 'in the cluster'
      const before = enough ? undefined : describe(current)
      const fields = [
        before === undefined ? { field: 'state', after: `${after} again` } : { field: 'state', before, after },
      ]
      return { action: 'run', fields, ...(enough && watched.length > 0 ? { because: watched } : {}) }
    },
    converge: ({ state, unproven }) => [
      ...(state === 'absent' ? [{ run: `systemctl restart ${service.unit}\n` }] : []),
      {
        run: waitScript({ api, service, name, script, ready, store, kept, unproven, isServer: ownApi !== undefined }),
        timeoutMs: longest,
      },
    ],
    explain: failure => explainNode({ name, ready, service }, failure),
  }
}

type Asked = Pick<NodeReadyParameters, 'api' | 'name' | 'endpoint'> & { readonly ownApi: string | undefined }

// Servers that hang take 5 + 1 + 5 s for the node and as much for its own API server: 22 s, less than longProbeMs.
// The script asks twice: while control plane nodes join, etcd has no leader for a moment, and the whole wait would be lost.
// It asks for a table of one row, since the object would list every image of the node. The second cell is the status as
// kubectl shows it. With curl's own name as user agent, the answer would be spread over many lines.
function askScript({ api, name, endpoint, ownApi }: Asked): string {
  // The kubelet may read its own Node object and the pods of that node, and no other.
  const { certificate, key } = api.kubeletCertificate
  const url = quote(`https://${endpoint}/api/v1/nodes/${name}?includeObject=None`)
  const row = quote(`"cells":["${name}",`)
  return `if [ ! -s ${certificate} ]; then echo state=absent; exit 0; fi
get() {
  curl -q --silent --show-error --max-time 5 --user-agent evcctl --cacert ${api.ca} \\
    --cert ${certificate}${key === undefined ? '' : ` --key ${key}`} "$@" 2>&1
}
node() { get --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' ${url}; }
${ownApi === undefined ? 'own_api() { :; }\n' : ownApiFunction(ownApi)}answer=$(node) || { sleep 1; answer=$(node); } || { printf 'state=unreachable\\nsaid=%s\\n' "$answer"; exit 0; }
case $answer in
  *${row}'"Ready'*) if own_api; then echo state=ready; fi ;;
  *${row}'"NotReady'* | *${row}'"Unknown'*) if own_api; then echo 'state=not ready'; fi ;;
  # Errors come with a blank after the colon.
  *'"reason":'*'"NotFound"'*) echo state=absent ;;
  *) printf 'state=unreachable\\nsaid=%s\\n' "$(printf '%s' "$answer" | tr '\\n' ' ' | cut -c 1-300)" ;;
esac
`
}

// The cluster calls a control plane node Ready whose static pods are gone, as long as another API server answers. /readyz
// fails without etcd, too; kubeadm lets an API server use the member on its own node. A server that refuses to tell may be well.
function ownApiFunction(ownApi: string): string {
  return `own_api() {
  for pause in 1 0; do
    said=$(get --write-out '\\n%{http_code}' ${quote(`https://${ownApi}/readyz?verbose`)}) || :
    case $said in *[!0-9]200 | *[!0-9]401 | *[!0-9]403) return 0 ;; esac
    sleep "$pause"
  done
  failing=$(printf '%s\\n' "$said" | grep '^\\[-\\]' || printf '%s' "$said")
  printf 'state=api down\\nsaid=%s\\n' "$(printf '%s' "$failing" | tr '\\n' ' ' | cut -c 1-300)"
  return 1
}
`
}

interface Waiting extends Omit<NodeReadyParameters, 'endpoint' | 'ownApi'> {
  readonly script: string
  /** Whether the node runs an API server. */
  readonly isServer: boolean
  readonly unproven: boolean
}

// Sizes and names of images in transfer, and of those that are there: as long as they change, the line is only slow.
function waitScript({ api, service, name, script, ready, store, kept, unproven, isServer }: Waiting): string {
  const { health } = service
  const kubelet = kubectl(api, 10, api.kubeletConf)
  const enough = ready ? 'state=ready' : "state=ready | 'state=not ready'"
  const patience = unproven ? trialSeconds : patienceSeconds
  return `${unproven ? proofFunctions({ service, kubelet, name, ready, kept, isServer }) : ''}ask() {
  ( ${indented(script)}
  )
}
pulls() {
  ${indented(imageStores[store].pulling)}
  ${indented(imageStores[store].list)}
}
seen= looked=0 since=$(date +%s)
while :; do
  answer=$(ask)
  case $answer in ${enough}) ${unproven ? 'if proven; then accept; exit 0; fi' : 'exit 0'};;${unproven ? ' *) process= ;;' : ''} esac
  now=$(date +%s)
  # A clock that is put back must not make anybody wait longer.
  if [ "$now" -lt "$since" ]; then since=$now looked=0; fi
  if [ $(( now - looked )) -ge 5 ]; then
    printf '%s\\n' "\${answer#state=}"
    looked=$now before=$seen seen=$(pulls)
    if [ "$seen" != "$before" ]; then since=$now; fi
${unproven ? '    if hopeless; then break; fi\n' : ''}  fi
  if [ $(( now - since )) -ge ${patience} ]; then break; fi
  sleep 0.5
done
printf '%s\\n' "\${answer#state=}" >&2
${unproven ? `${health.complaint} >&2 || :\n` : ''}${kubelet} get node ${name} -o go-template=${quote(whyNotReady)} 2>/dev/null | cut -c 1-600 >&2 || :
${podEvidence(kubelet, `--all-namespaces --field-selector spec.nodeName=${name}`)}${unproven ? giveBack : ''}exit 1
`
}

const printUnproven = ({ unproven }: NodeService) => `if [ -e ${unproven} ]; then echo unproven=yes; fi
`

// Why nothing is put back when no API server answers: then nothing shows that the kubelet is at fault.
const giveBack = `case $answer in *state=unreachable*) if hopeless; then recover; fi;; *) recover;; esac
`

interface Proving extends Pick<NodeReadyParameters, 'service' | 'name' | 'ready' | 'kept'> {
  readonly isServer: boolean
  /** The start of a kubectl command line with the kubelet's credentials. */
  readonly kubelet: string
}

/** A kubelet reports Ready only after its container manager runs; without a pod network it has to run for some seconds. */
function proofFunctions({ service, kubelet, name, ready, kept, isServer }: Proving): string {
  const { unit, health, unproven, version, provenVersion } = service
  const stays = ready ? 2 : 10
  const reported = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.lastHeartbeatTime}}{{end}}{{end}}'
  return `${health.functions}${putBackFunction(kept, health.start)}${recoverFunction(unit, health)}begun= started=
read -r begun started <${unproven} || :
case $begun in ''|*[!0-9]*) begun=$(date +%s);; esac
started=$(printf '%s' "$started" | tr -dc 0-9)
# The clock was put back since: when it was by the clock as it is now.
if [ "$begun" -gt "$(( $(date +%s) + 5 ))" ]; then
  ran=$(systemctl show -p ExecMainStartTimestampMonotonic --value -- ${unit} | tr -dc 0-9)
  read -r uptime _ </proc/uptime
  begun=$(( $(date +%s) - \${uptime%.*} + \${ran:-0} / 1000000 ))
  started=$(date -u -d "@$begun" +%Y%m%d%H%M%S)
fi
process= stays=0 settles=${stays} version=$(${version} 2>/dev/null) || :
${
  isServer
    ? `if [ "$version" != "$(cat ${provenVersion} 2>/dev/null)" ]; then settles=${settlingSeconds}; fi
`
    : ''
}proven() {
  reported=$(${kubelet} get node ${name} -o go-template=${quote(reported)} 2>/dev/null | tr -dc 0-9)
  if [ "\${reported:-0}" -lt "\${started:-0}" ] || ! ${health.works}; then process=; return 1; fi
  runs=$(systemctl show -p MainPID --value -- ${unit})
  if [ "$runs" != "$process" ] || [ "$(date +%s)" -lt "$stays" ]; then process=$runs stays=$(date +%s); fi
  [ $(( $(date +%s) - stays )) -ge "$settles" ]
}
hopeless() { ${health.hopeless}; }
accept() {
${keepScript(kept)}printf '%s\\n' "$version" >${provenVersion}.next
mv -fT ${provenVersion}.next ${provenVersion}
rm -f ${unproven}
}
`
}

function explainNode(
  { name, ready, service }: Pick<NodeReadyParameters, 'name' | 'ready' | 'service'>,
  failure: StepFailure,
): ErrorDetails {
  const problem = ready ? `${name} does not become Ready` : `${name} does not register with the cluster`
  const next = `See why: kubectl describe node ${name}; on the host: journalctl -u ${service.unit.replace(/\.service$/, '')} -n 100 --no-pager`
  const said = failure.stderr.trim() || failure.stdout.trim()
  const [cause = '', back] = said.split(putBackMark)
  if (back === undefined) return { problem: `${problem}.`, actual: said, next }
  const [files, ...rest] = back.split('\n')
  return {
    problem: `${problem} with what was changed, so it has its former files again: ${files}`,
    actual: [cause.trim(), ...rest].filter(text => text !== '').join('\n'),
    next: `Correct cluster.yaml, then apply again. Only these files are given back. What else was changed on ${name} stays: programs, kernel settings and firewall rules until cluster.yaml has their former values and is applied, packages also then. ${next}`,
  }
}

function indented(script: string): string {
  return script.trimEnd().replaceAll('\n', '\n    ')
}

function parseState(raw: ProbeResult): NodeReadyState {
  const state = linesOf(raw, 'state')[0]
  const said = linesOf(raw, 'said')[0] ?? ''
  const unproven = linesOf(raw, 'unproven').length > 0
  if (state === 'absent' || state === 'not ready' || state === 'api down' || state === 'ready')
    return { state, said, unproven }
  return { state: 'unreachable', said, unproven }
}

function describe({ state, said }: NodeReadyState): string {
  if (state === 'absent') return 'not there yet'
  if (state === 'unreachable') return `not known: the API server does not answer${said === '' ? '' : ` (${said})`}`
  if (state === 'api down') return `in the cluster, but its own API server is not ready (${said})`
  return 'not Ready'
}
