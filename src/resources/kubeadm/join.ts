import { stringify } from 'yaml'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { Change, ProbeResult, Resource } from '../../core/resource.ts'
import { keepKubelet, kubeletClientPath, nodeNameOf, otherNode, printNodeCertificate } from '../kubelet/index.ts'
import { caHashesOf } from '../pki/index.ts'
import { decodeFile, deepMerge, type KubernetesDocument, linesOf, printFile, refuse } from '../support/index.ts'
import { noteAside, printAside, readAside } from './before.ts'
import type { BootstrapToken } from './bootstrap-token.ts'
import { registrationOf, skipsPreflight } from './documents.ts'
import { explainKubeadm } from './failure.ts'
import { joinScript } from './join-script.ts'
import { printMarks } from './marks.ts'
import { finished } from './reset.ts'
import { caField, sharesCa } from './same-cluster.ts'

export interface KubeadmJoinParameters {
  /** JoinConfiguration without token and CA certificate hash. */
  readonly configuration: KubernetesDocument
  /** The bootstrap token from the first control plane node. */
  readonly token: Output<BootstrapToken>
  readonly caHashes: Output<readonly string[]>
  /** A file with its content that records the configuration of the node; see kubeletConfigurationFile. */
  readonly record: { readonly path: string; readonly content: string }
}

export interface KubeadmJoinState {
  /** `leftovers`: not a node, but files of an earlier one are there. `control plane`: the host runs a control plane of its own. */
  readonly state: 'absent' | 'unfinished' | 'leftovers' | 'joined' | 'control plane'
  /** Whether there are copies of what lay on the host before a run that somebody has reset by hand. */
  readonly aside: boolean
  /** CA certificate hashes of the cluster that the host belongs to; none when it has no CA. */
  readonly caHashes: readonly string[]
  /** Name of the node that the host is; undefined when it is none. */
  readonly node: string | undefined
}

export interface KubeadmJoinDesired {
  readonly token: BootstrapToken
  readonly caHashes: readonly string[]
}

/**
 * A worker node. A join that was cut off left a mark: it begins again after `kubeadm reset`, and so does the join of a host
 * whose credentials are gone. A host that belongs to another cluster is refused.
 */
export function kubeadmJoin(parameters: KubeadmJoinParameters): Resource<KubeadmJoinState, KubeadmJoinDesired> {
  const { configuration, token, caHashes, record } = parameters
  const { name: node, criSocket } = registrationOf(configuration)
  return {
    kind: 'kubeadm join',
    name: 'node',
    title: 'kubeadm join',
    probe: { script: probeScript, parse: parseJoin },
    desired: { token, caHashes },
    diff(current, desired) {
      const field = caField(desired.caHashes)
      const ofCluster = sharesCa(current.caHashes, desired.caHashes)
      const other = ofCluster && current.node !== undefined && node !== undefined && current.node !== node
      // The name is checked first: if two addresses in cluster.yaml were exchanged, nothing may be reset.
      if (current.state === 'control plane')
        return refuseJoin(current.state, other ? otherNode(current.node, node) : ownControlPlane)
      if (current.state === 'joined') {
        if (ofCluster) return other ? refuseJoin(`node ${current.node}`, otherNode(current.node, node)) : undefined
        return refuseOther('joined to', current.caHashes, desired.caHashes)
      }
      if (current.state === 'absent') return { action: 'create', fields: [field], ...noteAside(current.aside) }
      const others = refuseOthers(current, desired.caHashes)
      if (others !== undefined) return others
      const fields = [{ field: 'state', before: current.state, after: 'joined' }, field]
      return { action: 'run', fields, note: 'what is left of an earlier join is removed first' }
    },
    converge(current, desired) {
      if (current.state === 'control plane' || current.state === 'joined')
        return [{ run: 'echo "not a host for kubeadm join" >&2\nexit 1\n' }]
      const document = desired.token.token.map(value => render(configuration, value, desired.caHashes), 'kubeadm join')
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
  const caHashes = caHashesOf(decodeFile(linesOf(raw, 'ca')[0]))
  const node = nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n'))
  const stateOf = (): KubeadmJoinState['state'] => {
    if (has('controlPlane')) return 'control plane'
    if (has('cutOff')) return 'unfinished'
    if (has('joined')) return 'joined'
    return has('left') ? 'leftovers' : 'absent'
  }
  return { state: stateOf(), aside: readAside(raw), caHashes, node }
}

function render(configuration: KubernetesDocument, token: string, caCertHashes: readonly string[]): string {
  return stringify(deepMerge(configuration, { discovery: { bootstrapToken: { token, caCertHashes } } }))
}

const ownControlPlane: ErrorDetails = {
  problem: 'This host runs a control plane, but cluster.yaml makes it a worker.',
  expected: 'a host without /etc/kubernetes/admin.conf, an API server manifest and etcd data',
  actual: 'a control plane node of this or another cluster',
  next: 'Give the host the role control-plane; or, if nothing on it is needed any more, run kubeadm reset on it.',
}

/** Why a host with another CA is not changed. */
export function otherCluster(actual: readonly string[], expected: readonly string[]): ErrorDetails {
  return {
    problem: 'This host belongs to another cluster.',
    expected: `the CA ${expected.join(' or ')}`,
    actual: actual.length === 0 ? 'no CA certificate at /etc/kubernetes/pki/ca.crt' : actual.join(', '),
    next: 'If the other cluster does not need this host any more, run kubeadm reset on it, then apply again.',
  }
}

/** Refuses a host that, without a mark of evcctl, has remains of another cluster than the one it has to join. */
export function refuseOthers(
  { state, caHashes }: { readonly state: string; readonly caHashes: readonly string[] },
  wanted: readonly string[] | Unknown,
): Change | undefined {
  if (state !== 'leftovers' || caHashes.length === 0 || sharesCa(caHashes, wanted)) return undefined
  return refuseOther('left by', caHashes, wanted)
}

/** A join that is refused because the host has another CA than the cluster. `how`: its words before that CA. */
export function refuseOther(how: string, actual: readonly string[], wanted: readonly string[] | Unknown): Change {
  const expected = isUnknown(wanted) ? [] : wanted
  return refuseJoin(`${how} ${actual.join(', ')}`, otherCluster(actual, expected))
}

/** A join that is refused because of the state of the host. */
export function refuseJoin(before: string, refused: ErrorDetails): Change {
  return refuse(refused, { field: 'state', before })
}
