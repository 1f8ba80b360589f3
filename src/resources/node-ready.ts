import type { Probe, ProbeResult, Resource } from '../core/resource.ts'
import { quote } from '../shell/quote.ts'
import { linesOf } from './probe-output.ts'

/** The host's own node as the API server tells it. */
export interface NodeReadyState {
  /** `absent`: the host has no credentials of a node, or the cluster has no such node. */
  readonly state: 'absent' | 'unreachable' | 'not ready' | 'ready'
  /** What the API server, or the way to it, said; empty when it answered. */
  readonly said: string
}

/** The kubelet's own certificate and key: it may read its own Node object and no other. */
const certificate = '/var/lib/kubelet/pki/kubelet-client-current.pem'

/**
 * The host is a node that the cluster calls Ready. It asks about itself with the kubelet's credentials, so that nodes wait
 * side by side and none of them keeps the control plane node's lane busy. Waits up to 5 minutes.
 * `endpoint` is the `host:port` of the API as this node reaches it.
 */
export function nodeReady(name: string, endpoint: string): Resource<NodeReadyState, { readonly node: string }> {
  const script = askScript(name, endpoint)
  return {
    kind: 'node',
    name,
    probe: { script, parse: parseState },
    desired: { node: name },
    diff(current) {
      if (current.state === 'ready') return undefined
      return { action: 'run', fields: [{ field: 'state', before: describe(current), after: 'Ready' }] }
    },
    converge: () => [{ until: untilReady(script), what: `${name} is Ready`, everyMs: 500, timeoutMs: 300_000 }],
    explain: failure => ({
      problem: `${name} does not become Ready.`,
      came: failure.stderr.trim() || failure.stdout.trim(),
      next: `See why: kubectl describe node ${name}; on the host: journalctl -u kubelet -n 100 --no-pager`,
    }),
  }
}

// A table of one row instead of the object, which would list every image of the node. Its second cell is the status as
// kubectl shows it. curl's own name would get it spread over many lines.
function askScript(name: string, endpoint: string): string {
  const url = quote(`https://${endpoint}/api/v1/nodes/${name}?includeObject=None`)
  return `if [ ! -s ${certificate} ]; then echo state=absent; exit 0; fi
answer=$(curl --silent --show-error --max-time 5 --user-agent evcctl --cacert /etc/kubernetes/pki/ca.crt \\
  --cert ${certificate} --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' ${url} 2>&1) || {
  printf 'state=unreachable\\nsaid=%s\\n' "$answer"; exit 0; }
status=$(printf '%s' "$answer" | sed -n 's/.*"cells":\\["[^"]*","\\([^"]*\\)".*/\\1/p')
case $status in
  Ready*) echo state=ready ;;
  NotReady* | Unknown*) echo 'state=not ready' ;;
  *) case $answer in
    *'"reason":"NotFound"'*) echo state=absent ;;
    *) printf 'state=unreachable\\nsaid=%s\\n' "$(printf '%s' "$answer" | tr '\\n' ' ' | cut -c 1-300)" ;;
  esac ;;
esac
`
}

function untilReady(script: string): Probe<boolean> {
  return {
    script: `answer=$(${script})\nprintf '%s\\n' "$answer"\n[ "$answer" = state=ready ]\n`,
    parse: raw => raw.exitCode === 0,
  }
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
