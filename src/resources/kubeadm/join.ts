import { stringify } from 'yaml'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { Change, ProbeResult, Resource } from '../../core/resource.ts'
import { keepKubelet, kubeletClientPath, nodeNameOf, otherNode, printNodeCertificate } from '../kubelet/index.ts'
import { caHashOf } from '../pki/index.ts'
import { decodeFile, deepMerge, type KubernetesDocument, linesOf, printFile, refuse } from '../support/index.ts'
import { noteAside, printAside, readAside } from './before.ts'
import type { BootstrapToken } from './bootstrap-token.ts'
import { registrationOf, skipsPreflight } from './documents.ts'
import { explainKubeadm } from './failure.ts'
import { joinScript } from './join-script.ts'
import { printMarks } from './marks.ts'
import { finished } from './reset.ts'

export interface KubeadmJoinParameters {
  /** JoinConfiguration without token and CA certificate hash. */
  readonly configuration: KubernetesDocument
  /** The bootstrap token from the first control plane node. */
  readonly token: Output<BootstrapToken>
  readonly caHash: Output<string>
  /** A file with its content that records the configuration of the node; see kubeletConfigurationFile. */
  readonly record: { readonly path: string; readonly content: string }
}

export interface KubeadmJoinState {
  /** `leftovers`: not a node, but files of an earlier one are there. `control plane`: the host runs a control plane of its own. */
  readonly state: 'absent' | 'unfinished' | 'leftovers' | 'joined' | 'control plane'
  /** Whether there are copies of what lay on the host before a run that somebody has reset by hand. */
  readonly aside: boolean
  /** CA certificate hash of the cluster that the host belongs to; undefined when there is none. */
  readonly caHash: string | undefined
  /** Name of the node that the host is; undefined when it is none. */
  readonly node: string | undefined
}

export interface KubeadmJoinDesired {
  readonly token: BootstrapToken
  readonly caHash: string
}

/**
 * A worker node. A join that was cut off left a mark: it begins again after `kubeadm reset`, and so does the join of a host
 * whose credentials are gone. A host that belongs to another cluster is refused.
 */
export function kubeadmJoin(parameters: KubeadmJoinParameters): Resource<KubeadmJoinState, KubeadmJoinDesired> {
  const { configuration, token, caHash, record } = parameters
  const { name: node, criSocket } = registrationOf(configuration)
  return {
    kind: 'kubeadm join',
    name: 'node',
    title: 'kubeadm join',
    probe: { script: probeScript, parse: parseJoin },
    desired: { token, caHash },
    diff(current, desired) {
      const field = { field: 'CA', after: desired.caHash }
      const ofCluster = isUnknown(desired.caHash) || current.caHash === desired.caHash
      const other = ofCluster && current.node !== undefined && node !== undefined && current.node !== node
      // The name is checked first: if two addresses in cluster.yaml were exchanged, nothing may be reset.
      if (current.state === 'control plane')
        return refuseJoin(current.state, other ? otherNode(current.node, node) : ownControlPlane)
      if (current.state === 'joined') {
        if (ofCluster) return other ? refuseJoin(`node ${current.node}`, otherNode(current.node, node)) : undefined
        return refuseJoin(`joined to ${current.caHash}`, otherCluster(current.caHash, desired.caHash))
      }
      if (current.state === 'absent') return { action: 'create', fields: [field], ...noteAside(current.aside) }
      const others = refuseOthers(current, desired.caHash)
      if (others !== undefined) return others
      const fields = [{ field: 'state', before: current.state, after: 'joined' }, field]
      return { action: 'run', fields, note: 'what is left of an earlier join is removed first' }
    },
    converge(current, desired) {
      if (current.state === 'control plane' || current.state === 'joined')
        return [{ run: 'echo "not a host for kubeadm join" >&2\nexit 1\n' }]
      const document = desired.token.token.map(value => render(configuration, value, desired.caHash), 'kubeadm join')
      return [
        {
          run: joinScript({
            run: 'worker',
            criSocket,
            resetFirst: current.state !== 'absent',
            skipsPreflight: skipsPreflight(configuration),
          }),
          stdin: document,
          timeoutMs: 15 * 60_000,
        },
        { write: record.path, content: record.content, mode: 0o600 },
        { run: `${keepKubelet}${finished}` },
      ]
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step, 'join'),
  }
}

const kubernetes = '/etc/kubernetes'
const probeScript = `${printMarks}${printAside}if [ -s ${kubernetes}/kubelet.conf ] && [ -s ${kubeletClientPath} ]; then echo joined=yes; fi
for part in ${kubernetes}/admin.conf ${kubernetes}/manifests/kube-apiserver.yaml /var/lib/etcd/member \${data:+"$data/member"}; do
  if [ -e "$part" ]; then echo "controlPlane=$part"; fi
done
for part in ${kubernetes}/kubelet.conf ${kubernetes}/bootstrap-kubelet.conf ${kubernetes}/pki/ca.crt /var/lib/kubelet/config.yaml; do
  if [ -e "$part" ]; then echo "left=$part"; fi
done
${printNodeCertificate}${printFile('ca', `${kubernetes}/pki/ca.crt`)}`

function parseJoin(raw: ProbeResult): KubeadmJoinState {
  const has = (key: string) => linesOf(raw, key).length > 0
  const caHash = caHashOf(decodeFile(linesOf(raw, 'ca')[0]))
  const node = nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n'))
  const stateOf = (): KubeadmJoinState['state'] => {
    if (has('controlPlane')) return 'control plane'
    if (has('cutOff')) return 'unfinished'
    if (has('joined')) return 'joined'
    return has('left') ? 'leftovers' : 'absent'
  }
  return { state: stateOf(), aside: readAside(raw), caHash, node }
}

function render(configuration: KubernetesDocument, token: string, caHash: string): string {
  return stringify(deepMerge(configuration, { discovery: { bootstrapToken: { token, caCertHashes: [caHash] } } }))
}

const ownControlPlane: ErrorDetails = {
  problem: 'This host runs a control plane, but cluster.yaml makes it a worker.',
  expected: 'a host without /etc/kubernetes/admin.conf, an API server manifest and etcd data',
  actual: 'a control plane node of this or another cluster',
  next: 'Give the host the role control-plane; or, if nothing on it is needed any more, run kubeadm reset on it.',
}

/** Why a host with another CA is not changed. */
export function otherCluster(actual: string | undefined, expected: string): ErrorDetails {
  return {
    problem: 'This host belongs to another cluster.',
    expected: `the CA ${expected}`,
    actual: actual ?? 'no CA certificate at /etc/kubernetes/pki/ca.crt',
    next: 'If the other cluster does not need this host any more, run kubeadm reset on it, then apply again.',
  }
}

/** Refuses a host that, without a mark of evcctl, has remains of another cluster than the one it has to join. */
export function refuseOthers(
  { state, caHash }: { readonly state: string; readonly caHash: string | undefined },
  wanted: string | Unknown,
): Change | undefined {
  if (state !== 'leftovers' || caHash === undefined || isUnknown(wanted) || caHash === wanted) return undefined
  return refuseJoin(`left by ${caHash}`, otherCluster(caHash, wanted))
}

/** A join that is refused because of the state of the host. */
export function refuseJoin(before: string, refused: ErrorDetails): Change {
  return refuse(refused, { field: 'state', before })
}
