import { stringify } from 'yaml'
import type { ErrorDetails } from '../../core/error-details.ts'
import type { Output } from '../../core/output.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { Secret } from '../../core/secret.ts'
import { keepKubelet, kubeletClientPath, nodeNameOf, otherNode, printNodeCertificate } from '../kubelet/index.ts'
import { caHashesOf } from '../pki/index.ts'
import { decodeFile, deepMerge, type KubernetesDocument, linesOf, printFile } from '../support/index.ts'
import { noteAside } from './before.ts'
import type { BootstrapToken } from './bootstrap-token.ts'
import {
  type ControlPlaneRemains,
  etcdFound,
  printRemains,
  refuseEtcdData,
  remainsOf,
} from './control-plane-remains.ts'
import { registrationOf, skipsPreflight } from './documents.ts'
import { explainKubeadm } from './failure.ts'
import { refuseJoin, refuseOther, refuseOthers } from './join.ts'
import { type JoinScriptOptions, joinScript } from './join-script.ts'
import { finished } from './reset.ts'
import {
  type CrossCertificates,
  completeServing,
  completeServingFunction,
  placeRotationFunction,
  type RotationCertificates,
} from './rotation-folder.ts'
import { caField, sharesCa } from './same-cluster.ts'
import { defaultEtcdData } from './stacked-etcd-data.ts'
import { staleMemberFunctions } from './stale-etcd-member.ts'
import { madeManifests, noteManifests } from './static-pods.ts'

export interface ControlPlaneJoinParameters {
  /** JoinConfiguration without token, CA certificate hash and certificate key; see controlPlaneJoinConfiguration(). */
  readonly configuration: KubernetesDocument
  /** Address of this node, and those of the other control plane nodes, whose etcd members are asked. */
  readonly address: string
  readonly others: readonly string[]
  /** Data directory of the stacked etcd. Default /var/lib/etcd, kubeadm's own. `external`: kubeadm does not run etcd. */
  readonly etcdData?: string | 'external'
  /** The ephemeral values from the first control plane node. */
  readonly token: Output<BootstrapToken>
  readonly certificateKey: Output<Secret>
  readonly caHashes: Output<readonly string[]>
  /** Files with their content that record the configuration of the node; see clusterRecord() and kubeletRecord(). */
  readonly records: readonly { readonly path: string; readonly content: string }[]
  /** The rotation of the CA that is under way, or what has stayed of the last one; default: there was none. */
  readonly rotation?: Output<CrossCertificates | RotationCertificates> | undefined
}

export interface ControlPlaneJoinState extends ControlPlaneRemains {
  /**
   * `leftovers`: not a node, but files of an earlier worker are there. `worker`: a node without a control plane.
   * `damaged`: parts of a control plane are there, others are missing.
   */
  readonly state: 'absent' | 'unfinished' | 'leftovers' | 'joined' | 'worker' | 'damaged'
  /** CA certificate hashes of the cluster that the host belongs to; none when it has no CA. */
  readonly caHashes: readonly string[]
  /** Name of the node that the host is; undefined when it is none. */
  readonly node: string | undefined
}

export interface ControlPlaneJoinDesired {
  readonly token: BootstrapToken
  readonly certificateKey: Secret
  readonly caHashes: readonly string[]
  readonly rotation?: CrossCertificates | RotationCertificates
}

/**
 * A control plane node other than the first. A join that was cut off left a mark: the next run resets the host, removes its
 * member from etcd and joins again. A control plane node without that mark is never reset.
 */
export function controlPlaneJoin(
  parameters: ControlPlaneJoinParameters,
): Resource<ControlPlaneJoinState, ControlPlaneJoinDesired> {
  const { configuration, token, certificateKey, caHashes, records, rotation } = parameters
  const { etcdData: folder = defaultEtcdData } = parameters
  const etcdData = folder === 'external' ? undefined : folder
  const { name: node, criSocket, ignorePreflightErrors = [] } = registrationOf(configuration)
  return {
    kind: 'kubeadm join',
    name: 'control plane',
    title: 'kubeadm join',
    probe: { script: probeScript(etcdData), parse: parseState },
    desired: { token, certificateKey, caHashes, ...(rotation === undefined ? {} : { rotation }) },
    diff(current, desired) {
      const { state } = current
      const field = caField(desired.caHashes)
      const ofCluster = sharesCa(current.caHashes, desired.caHashes)
      const other = ofCluster && current.node !== undefined && node !== undefined && current.node !== node
      // The name is checked first: if two addresses in cluster.yaml were exchanged, nothing may be reset.
      if (state === 'worker') return refuseJoin(state, other ? otherNode(current.node, node) : isWorker)
      if (state === 'damaged') return refuseJoin(state, damaged(current.found))
      if (state === 'joined') {
        if (ofCluster) return other ? refuseJoin(`node ${current.node}`, otherNode(current.node, node)) : undefined
        return refuseOther('joined to', current.caHashes, desired.caHashes)
      }
      const foreign = refuseEtcdData(etcdData, current, ignorePreflightErrors)
      if (foreign !== undefined) return refuseJoin(state, foreign)
      if (state === 'absent') return { action: 'create', fields: [field], ...noteAside(current.aside) }
      const others = refuseOthers(current, desired.caHashes)
      if (others !== undefined) return others
      const fields = [{ field: 'state', before: state, after: 'joined' }, field]
      return { action: 'run', fields, note: 'what is left of an earlier join is removed first' }
    },
    converge({ state }, desired) {
      if (state !== 'absent' && state !== 'unfinished' && state !== 'leftovers')
        return [{ run: 'echo "not a host for kubeadm join" >&2\nexit 1\n' }]
      const script = joinScript({
        run: 'control-plane',
        criSocket,
        resetFirst: state !== 'absent',
        skipsPreflight: skipsPreflight(configuration),
        ...prepared(parameters, etcdData, desired.rotation),
      })
      const document = Secret.all(
        [desired.token.token, desired.certificateKey],
        ([token = '', key = '']) => render(configuration, { token, key, caHashes: desired.caHashes }),
        'kubeadm join',
      )
      return [
        { run: script, stdin: document, timeoutMs: 20 * 60_000 },
        { run: desired.rotation === undefined ? noteManifests : `${noteManifests}${completeServing}` },
        ...records.map(({ path, content }) => ({ write: path, content, mode: 0o600 })),
        { run: `${keepKubelet}${finished}` },
      ]
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step, 'join'),
  }
}

function prepared(
  parameters: ControlPlaneJoinParameters,
  etcdData: string | undefined,
  rotation: CrossCertificates | RotationCertificates | undefined,
): Partial<JoinScriptOptions> {
  const stacked = etcdData === undefined ? {} : stackedMember(parameters, etcdData)
  if (rotation === undefined) return stacked
  const { functions = '', prepare } = stacked
  return {
    ...stacked,
    functions: `${functions}${placeRotationFunction(rotation)}${completeServingFunction}`,
    prepare: prepare === undefined ? 'place_rotation' : `{ place_rotation && ${prepare}; }`,
    beside: 'complete_serving',
  }
}

function stackedMember({ address, others }: ControlPlaneJoinParameters, etcdData: string): Partial<JoinScriptOptions> {
  return {
    etcdData,
    functions: staleMemberFunctions(address, others),
    prepare: 'remove_stale_member',
    leave: 'leave_etcd || exit 1\n',
  }
}

const parts = ['admin.conf', 'kubelet.conf', 'manifests/kube-apiserver.yaml', 'pki/ca.crt'] as const
/** Files that only control plane nodes have. */
const ownParts = ['admin.conf', 'manifests/kube-apiserver.yaml', 'manifests/etcd.yaml', 'pki/ca.key'] as const

function probeScript(etcdData: string | undefined): string {
  return `${printRemains([...new Set([...parts, ...ownParts])], etcdData)}if [ -s ${kubeletClientPath} ]; then echo certificate=yes; fi
for part in /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml; do
  if [ -e "$part" ]; then echo "left=$part"; fi
done
${printNodeCertificate}${printFile('ca', '/etc/kubernetes/pki/ca.crt')}`
}

function parseState(raw: ProbeResult): ControlPlaneJoinState {
  const remains = remainsOf(raw)
  const node = nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n'))
  const caHashes = caHashesOf(decodeFile(linesOf(raw, 'ca')[0]))
  return { state: stateOf(raw, remains), ...remains, caHashes, node }
}

function stateOf(raw: ProbeResult, { cutOff, found }: ControlPlaneRemains): ControlPlaneJoinState['state'] {
  const says = (key: string) => linesOf(raw, key).length > 0
  const has = (part: string) => found.includes(`/etc/kubernetes/${part}`)
  if (cutOff !== undefined) return 'unfinished'
  if (parts.every(has)) return 'joined'
  if (ownParts.some(has) || found.includes(etcdFound)) return 'damaged'
  if (has('kubelet.conf') && says('certificate')) return 'worker'
  return says('left') ? 'leftovers' : 'absent'
}

interface JoinValues {
  readonly token: string
  readonly key: string
  readonly caHashes: readonly string[]
}

function render(configuration: KubernetesDocument, { token, key, caHashes }: JoinValues): string {
  return stringify(
    deepMerge(configuration, {
      discovery: { bootstrapToken: { token, caCertHashes: caHashes } },
      controlPlane: { certificateKey: key },
    }),
  )
}

const isWorker: ErrorDetails = {
  problem: 'This host is a worker node, but cluster.yaml makes it a control plane node.',
  expected: 'a host that is no node yet, or a control plane node',
  actual: 'a node without a control plane',
  next: 'Drain the node (kubectl drain), run kubeadm reset on the host, delete the node (kubectl delete node), then apply again.',
}

function damaged(found: readonly string[]): ErrorDetails {
  const missing = parts.map(part => `/etc/kubernetes/${part}`).filter(path => !found.includes(path))
  return {
    problem: 'This host has parts of a control plane, but not all of them.',
    expected: 'either a whole control plane node (then it is left as it is) or none',
    actual: `there: ${found.join(', ')}\nmissing: ${missing.join(', ')}`,
    next: `Restore what is missing (manifests as kubeadm made them are in ${madeManifests}); or, if nothing on it is needed any more, run kubeadm reset on the host.`,
  }
}
