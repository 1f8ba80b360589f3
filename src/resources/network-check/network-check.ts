import type { Output } from '../../core/output.ts'
import type { FieldChange, Resource } from '../../core/resource.ts'
import type { ApiAccess } from '../api/index.ts'
import { linesOf, networkCheckStamp, stateFolder } from '../support/index.ts'
import { explainNode, type NetworkPath } from './cause.ts'
import type { CheckPods } from './pods.ts'
import { lastTrySeconds, reachScript, readResults } from './script.ts'

/** A node whose pods this node has to reach. */
export interface CheckPeer {
  readonly node: string
  /** The address that the other nodes use. */
  readonly address: string
}

export interface NetworkCheckParameters {
  readonly api: ApiAccess
  readonly node: string
  /** The nodes whose pods this node has to reach. */
  readonly peers: readonly CheckPeer[]
  /** The network in words: the result of a check of another network does not count. */
  readonly network: string
  readonly path: NetworkPath
  readonly pods: Output<CheckPods>
}

export interface NetworkCheckState {
  /** The network at the last check; empty: there was none. */
  readonly network: string
  /** `<node> <address>` of each node that was reached then. */
  readonly reached: readonly string[]
}

interface Desired {
  readonly network: string
  readonly peers: readonly CheckPeer[]
  readonly pods: CheckPods
}

// After an apply parts of the network may still be coming up, s.
const patienceSeconds = 60

// Without credentials the host is no node any more: the record is about a former node.
const probeScript = ({ kubeletConf }: ApiAccess) =>
  `if [ -s ${kubeletConf} ]; then cat ${networkCheckStamp} 2>/dev/null || true; fi\n`

/**
 * Pods on this node reach pods on other nodes, DNS and Services. A successful check is recorded on the host, and not
 * repeated as long as the network is the same and no node is new: an apply that changes neither creates no pods.
 */
export function networkCheck(parameters: NetworkCheckParameters): Resource<NetworkCheckState, Desired> {
  const { api, node, peers, network, path, pods } = parameters
  const names = peers.map(peer => peer.node)
  return {
    kind: 'network check',
    name: node,
    title: 'network check',
    probe: {
      script: probeScript(api),
      parse: raw => ({ network: linesOf(raw, 'network')[0] ?? '', reached: linesOf(raw, 'reached') }),
    },
    desired: { network, peers, pods },
    diff(current) {
      const fields = changes(current, network, peers)
      if (fields.length === 0) return undefined
      return { action: 'run', fields, note: 'with a pod on every node for as long as it lasts' }
    },
    converge(_current, desired) {
      const lines = [`network=${network}`, ...peers.map(peer => `reached=${textOf(peer)}`)]
      return [
        {
          run: reachScript(node, desired.pods, names, { patienceSeconds, kubectlFile: api.kubectlFile }),
          timeoutMs: (patienceSeconds + lastTrySeconds) * 1000,
        },
        { run: `mkdir -p ${stateFolder}\n` },
        { write: networkCheckStamp, content: `${lines.join('\n')}\n`, mode: 0o600 },
      ]
    },
    explain(failure, desired) {
      if (failure.step !== 0) return undefined
      return explainNode(node, readResults(node, desired.pods, names, failure), desired.pods, path)
    },
  }
}

function changes(current: NetworkCheckState, network: string, peers: readonly CheckPeer[]): readonly FieldChange[] {
  const same = current.network === network
  const missing = peers.filter(peer => !same || !current.reached.includes(textOf(peer)))
  if (same && missing.length === 0) return []
  const names = missing.map(peer => peer.node)
  const reach = { field: 'pods reach', after: [...names, ...(same ? [] : ['DNS'])].join(', ') }
  if (same || current.network === '') return [reach]
  return [{ field: 'network', before: current.network, after: network }, reach]
}

function textOf({ node, address }: CheckPeer): string {
  return `${node} ${address}`
}
