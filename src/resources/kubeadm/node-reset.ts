import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { kubeletClientPath, nodeNameOf, otherNode, printNodeCertificate } from '../kubelet/index.ts'
import { caHashesOf } from '../pki/index.ts'
import { decodeFile, linesOf, printFile, stateFolder } from '../support/index.ts'
import { forgetFormerNode, leftOfChanges } from './former-node.ts'
import { otherCluster, refuseJoin } from './join.ts'
import { type CutOffRun, cutOffRun, markRun, printMarks } from './marks.ts'
import { resetFunctions } from './reset.ts'
import { sharesCa } from './same-cluster.ts'
import { controlPlaneComponents } from './static-pods.ts'
import { kubeadmUnfinished } from './unfinished.ts'

export interface NodeResetParameters {
  /** Name of the node that the host was. */
  readonly node: string
  readonly criSocket: string
  /** Whether the host was a control plane node. */
  readonly isServer: boolean
  /** Data directory of the stacked etcd; undefined if kubeadm runs no etcd on the host. */
  readonly etcdData: string | undefined
  /** CA certificate hashes of the cluster. A host of another cluster is not touched. */
  readonly caHashes: Output<readonly string[]>
}

export interface NodeResetState {
  /** The run of kubeadm, or the reset, that was cut off. */
  readonly cutOff: CutOffRun | undefined
  /** The files of a node that are there. */
  readonly found: readonly string[]
  /** What changes that were cut off have left beside them. */
  readonly left: readonly string[]
  readonly caHashes: readonly string[]
  /** Name of the node that the host is; undefined if its kubelet has no certificate. */
  readonly node: string | undefined
}

/** Files that only a node, or the remains of one, has. */
const files = [
  ...['kubelet', 'bootstrap-kubelet', 'admin', 'super-admin', 'controller-manager', 'scheduler'].map(
    name => `/etc/kubernetes/${name}.conf`,
  ),
  ...['etcd', ...controlPlaneComponents].map(name => `/etc/kubernetes/manifests/${name}.yaml`),
  kubeletClientPath,
]

/**
 * A host is no node any more: kubeadm resets it, and its kubelet is stopped. It uses the same marks and copies as a reset
 * before a join: what others have put into the folders that `kubeadm reset` empties is put back, and a reset that is cut off
 * is repeated. What changes that were cut off have left goes, too, even where no node is any more. A host that belongs to
 * another cluster, or is a node with another name, is refused.
 */
export function nodeReset(
  parameters: NodeResetParameters,
): Resource<NodeResetState, { readonly caHashes: readonly string[] }> {
  const { node, caHashes } = parameters
  return {
    kind: 'kubeadm reset',
    name: 'node',
    title: 'kubeadm reset',
    probe: { script: probeScript, parse: parseState },
    desired: { caHashes },
    diff(current, desired) {
      const { cutOff, found, left } = current
      if (isOnlyLeft(current)) return { action: 'run', fields: [], note: `${left.join(', ')}: deleted` }
      if (cutOff === undefined && found.length === 0) return undefined
      const refused = cutOff === undefined ? refusal(current, node, desired.caHashes) : undefined
      if (refused !== undefined) return refuseJoin(`node ${current.node ?? 'without a name'}`, refused)
      return { action: 'run', fields: [], note: 'packages, programs, images and data of the user stay in this step' }
    },
    converge: current => [
      { run: isOnlyLeft(current) ? afterReset : script(current, parameters), timeoutMs: 10 * 60_000 },
    ],
    explain: failure => ({
      problem: 'kubeadm could not reset the host.',
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'Run the same command again: the reset is repeated.',
    }),
  }
}

function isOnlyLeft({ cutOff, found, left }: NodeResetState): boolean {
  return cutOff === undefined && found.length === 0 && left.length > 0
}

const probeScript = `${printMarks}for file in ${files.join(' ')}; do
  if [ -e "$file" ]; then echo "found=$file"; fi
done
for left in ${leftOfChanges.join(' ')}; do
  if [ -e "$left" ]; then echo "left=$left"; fi
done
${printNodeCertificate}${printFile('ca', '/etc/kubernetes/pki/ca.crt')}`

function parseState(raw: ProbeResult): NodeResetState {
  return {
    cutOff: cutOffRun(raw),
    found: linesOf(raw, 'found'),
    left: linesOf(raw, 'left'),
    caHashes: caHashesOf(decodeFile(linesOf(raw, 'ca')[0])),
    node: nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n')),
  }
}

// Nobody may lose a node of another cluster because two addresses in cluster.yaml were exchanged.
function refusal(
  { caHashes, node: actual }: NodeResetState,
  node: string,
  wanted: readonly string[] | Unknown,
): ErrorDetails | undefined {
  if (!isUnknown(wanted) && !sharesCa(caHashes, wanted)) return otherCluster(caHashes, wanted)
  if (actual === undefined || actual === node) return undefined
  return { ...otherNode(actual, node), next: `Is ${node} at another address? Nothing was changed on this host.` }
}

// What was left goes last: without it, a run that was killed here would not be taken up.
const afterReset = `systemctl disable --quiet --now kubelet 2>/dev/null || :
systemctl reset-failed kubelet 2>/dev/null || :
${forgetFormerNode}`

// The mark says that what is there may go, and where the data of etcd lies. It is written only where no run was cut off.
function script({ cutOff }: NodeResetState, { criSocket, isServer, etcdData }: NodeResetParameters): string {
  const run = isServer ? 'control-plane' : 'worker'
  const data = isServer ? etcdData : undefined
  const claim = cutOff === undefined ? `if ! { ${kubeadmUnfinished}; }; then\n${markRun(run, data)}fi\n` : ''
  return `mkdir -p ${stateFolder}
${resetFunctions({ run, criSocket, etcdData: data })}${claim}reset_host
${afterReset}`
}
