import { askingProbeMs } from '../core/limits.ts'
import type { ProbeResult, Resource } from '../core/resource.ts'
import { quote } from '../shell/quote.ts'
import { type ImageStore, imageStores } from './image-stores.ts'
import { kubeletClientPath } from './kubeadm-state.ts'
import { kubectl } from './kubectl.ts'
import { kubeletUnit } from './kubelet-files.ts'
import { podEvidence } from './pod-evidence.ts'
import { linesOf } from './probe-output.ts'

/** The host's own node as the API server tells it. */
export interface NodeReadyState {
  /** `absent`: the host has no credentials of a node, or the cluster has no such node. */
  readonly state: 'absent' | 'unreachable' | 'not ready' | 'ready'
  /** What the API server, or the way to it, said; empty when it answered. */
  readonly said: string
}

export interface NodeReadyParameters {
  /** Name of the node. */
  readonly name: string
  /** `host:port` of the API as this node reaches it. */
  readonly endpoint: string
  /** False where nothing that evcctl does makes it Ready (no CNI): then it has only to be in the cluster. */
  readonly ready: boolean
  /** Whose images are pulled meanwhile. */
  readonly store: ImageStore
}

// How long nothing at all may get on, s. As long as images arrive, however slowly, the node is waited for.
const patienceSeconds = 300
const longest = 2 * 60 * 60_000

// The kubelet may read its own Node object and no other, and the pods of that.
const certificate = kubeletClientPath
const kubelet = kubectl(10, '/etc/kubernetes/kubelet.conf')
const whyNotReady = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.message}}{{"\\n"}}{{end}}{{end}}'

/**
 * The host is a node that the cluster calls Ready. It asks about itself with the kubelet's credentials, so that nodes wait
 * side by side and none of them keeps the control plane node's lane busy. A kubelet makes its Node object only when it
 * starts: it is restarted where somebody has deleted that. Gives up when nothing has happened for 5 minutes.
 */
export function nodeReady({
  name,
  endpoint,
  ready,
  store,
}: NodeReadyParameters): Resource<NodeReadyState, { readonly node: string }> {
  const script = askScript(name, endpoint)
  return {
    kind: 'node',
    name,
    title: 'wait until Ready',
    probe: { script, timeoutMs: askingProbeMs, parse: parseState },
    desired: { node: name },
    diff(current) {
      if (current.state === 'ready' || (!ready && current.state === 'not ready')) return undefined
      const after = ready ? 'Ready' : 'in the cluster'
      return { action: 'run', fields: [{ field: 'state', before: describe(current), after }] }
    },
    converge: ({ state }) => [
      ...(state === 'absent' ? [{ run: `systemctl restart ${kubeletUnit}\n` }] : []),
      { run: waitScript({ name, script, ready, store }), timeoutMs: longest },
    ],
    explain: failure => ({
      problem: ready ? `${name} does not become Ready.` : `${name} does not come into the cluster.`,
      came: failure.stderr.trim() || failure.stdout.trim(),
      next: `See why: kubectl describe node ${name}; on the host: journalctl -u kubelet -n 100 --no-pager`,
    }),
  }
}

// Asked twice: while control plane nodes join, etcd has no leader for a moment, and all that was waited for would be lost.
// A table of one row instead of the object, which would list every image of the node. Its second cell is the status as
// kubectl shows it. curl's own name would get it spread over many lines.
function askScript(name: string, endpoint: string): string {
  const url = quote(`https://${endpoint}/api/v1/nodes/${name}?includeObject=None`)
  return `if [ ! -s ${certificate} ]; then echo state=absent; exit 0; fi
node() {
  curl -q --silent --show-error --max-time 5 --user-agent evcctl --cacert /etc/kubernetes/pki/ca.crt \\
    --cert ${certificate} --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' ${url} 2>&1
}
answer=$(node) || { sleep 1; answer=$(node); } || { printf 'state=unreachable\\nsaid=%s\\n' "$answer"; exit 0; }
status=$(printf '%s' "$answer" | sed -n 's/.*"cells":\\["[^"]*","\\([^"]*\\)".*/\\1/p')
case $status in
  Ready*) echo state=ready ;;
  NotReady* | Unknown*) echo 'state=not ready' ;;
  *) case $answer in
    # Errors come with a blank after the colon.
    *'"reason":'*'"NotFound"'*) echo state=absent ;;
    *) printf 'state=unreachable\\nsaid=%s\\n' "$(printf '%s' "$answer" | tr '\\n' ' ' | cut -c 1-300)" ;;
  esac ;;
esac
`
}

// Sizes and names of what is being pulled, and what is there: as long as that changes, the line is only slow.
function waitScript({
  name,
  script,
  ready,
  store,
}: Omit<NodeReadyParameters, 'endpoint'> & { readonly script: string }): string {
  const enough = ready ? 'state=ready' : "state=ready | 'state=not ready'"
  return `ask() {
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
  case $answer in ${enough}) exit 0;; esac
  now=$(date +%s)
  if [ $(( now - looked )) -ge 5 ]; then
    printf '%s\\n' "\${answer#state=}"
    looked=$now before=$seen seen=$(pulls)
    if [ "$seen" != "$before" ]; then since=$now; fi
  fi
  if [ $(( now - since )) -ge ${patienceSeconds} ]; then break; fi
  sleep 0.5
done
printf '%s\\n' "\${answer#state=}" >&2
${kubelet} get node ${name} -o go-template=${quote(whyNotReady)} 2>/dev/null | cut -c 1-600 >&2 || :
${podEvidence(kubelet, `--all-namespaces --field-selector spec.nodeName=${name}`)}exit 1
`
}

function indented(script: string): string {
  return script.trimEnd().replaceAll('\n', '\n    ')
}

function parseState(raw: ProbeResult): NodeReadyState {
  const state = linesOf(raw, 'state')[0]
  const said = linesOf(raw, 'said')[0] ?? ''
  if (state === 'absent' || state === 'not ready' || state === 'ready') return { state, said }
  return { state: 'unreachable', said }
}

function describe({ state, said }: NodeReadyState): string {
  if (state === 'absent') return 'not there yet'
  if (state === 'unreachable') return `not known: the API server does not answer${said === '' ? '' : ` (${said})`}`
  return 'not Ready'
}
