import { isIPv6 } from 'node:net'
import type { ErrorDetails } from '../../core/error-details.ts'
import { ownValue } from '../../core/own-value.ts'
import type { Change, FieldChange, Resource, Step } from '../../core/resource.ts'
import { notAnswered } from '../api/index.ts'
import { canonicalName } from '../pki/index.ts'
import { documentChanges, type KubernetesDocument, stateFolder } from '../support/index.ts'
import { type ChangeableParts, changeSteps, recoverySteps } from './change-steps.ts'
import { type ClusterDocuments, recordBegin, recordCluster, refuseOtherRecord, unmarkProxy } from './cluster-record.ts'
import { type KubeadmConfigurationState, kubeadmConfigurationProbe, type LocalState } from './configuration-state.ts'
import { explainKubeadm } from './failure.ts'
import { editedFields } from './static-pods.ts'

/** The kind of both resources of a node's documents and static pods. */
export const kubeadmConfigurationKind = 'kubeadm configuration'

export interface KubeadmConfigurationParameters {
  /** File on the host with the kubeadm documents. It must exist before. */
  readonly configuration: string
  readonly documents: ClusterDocuments
  readonly advertiseAddress: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

const recordPath = `${stateFolder}/kubeadm-configuration.json`

/** The record of the cluster's documents on a control plane node. With it evcctl sees a key that was removed from cluster.yaml. */
export function clusterRecord(documents: ClusterDocuments): { readonly path: string; readonly content: string } {
  return { path: recordPath, content: `${JSON.stringify(documents)}\n` }
}

/**
 * The configuration of an existing cluster: as kubeadm keeps it in ConfigMaps (kubeadm-config, kubelet-config, kube-proxy),
 * and as its first control plane node runs with it. Changed arguments of the control plane, names in the certificate, and
 * settings of kubelet and kube-proxy are applied. Changes that kubeadm cannot make later are refused.
 */
export function kubeadmConfiguration(
  parameters: KubeadmConfigurationParameters,
): Resource<KubeadmConfigurationState, { readonly documents: ClusterDocuments }> {
  const { configuration, documents } = parameters
  const record = clusterRecord(documents)
  return {
    kind: kubeadmConfigurationKind,
    // The name is the same on the other control plane nodes, so that their changes can be compared with this one.
    name: 'node',
    title: 'kubeadm configuration',
    probe: kubeadmConfigurationProbe(recordPath),
    desired: { documents },
    diff(current): Change | undefined {
      if (current.api === 'absent') return undefined
      const changes = compare(current, parameters)
      const begun = current.cutOff.map(part => ({
        field: part,
        before: 'cut off while it was changed',
        after: 'as wanted',
      }))
      const { fixed, cluster, names, kubelet, kubeProxy } = changes
      const edited = editedFields(current.edited, cluster.length > 0 || current.cutOff.includes('control plane'))
      const damaged = current.recordDamaged ? [{ field: record.path, before: 'damaged', after: 'written again' }] : []
      const found = [...begun, ...fixed, ...cluster, ...names, ...kubelet, ...kubeProxy, ...edited, ...damaged]
      // Nothing is left of a change that did not end, but the record of it.
      const isRecorded = current.api === 'answered' && current.begun !== undefined
      const fields =
        found.length === 0 && isRecorded ? [{ field: 'record of a change', before: 'cut off', after: 'ended' }] : found
      if (current.api === 'answered' && fields.length === 0) return undefined
      const change: Change =
        current.api === 'answered'
          ? { action: 'update', fields }
          : notAnswered(current, 'its configuration cannot be compared', { action: 'run', fields })
      return fixed[0] === undefined ? change : { ...change, refused: fixedField(fixed[0], parameters.file) }
    },
    converge(current): readonly Step[] {
      const server = serverOf(parameters)
      if (current.api === 'absent') return recoverySteps(server)
      const { cluster, names, kubelet, kubeProxy, fixed } = compare(current, parameters)
      if (fixed.length > 0) return [{ run: 'echo "this cannot be changed on a standing cluster" >&2\nexit 1\n' }]
      const isProxyCutOff = current.cutOff.includes('kube-proxy')
      const parts: ChangeableParts = {
        controlPlane: cluster.length > 0,
        // After an interrupted change, the manifests that are put back may have been edited by hand, so they are recreated.
        edited: current.edited.length > 0 || current.cutOff.includes('control plane'),
        certificate: names.length > 0,
        kubelet: kubelet.length > 0,
        kubeProxy: documents.kubeProxy !== undefined && (kubeProxy.length > 0 || isProxyCutOff),
        upload: cluster.length > 0 || names.length > 0,
      }
      const applied = withFormerProxy(documents, madeOf(current))
      const uploads = parts.kubeProxy || parts.kubelet || parts.upload
      const begin =
        current.api === 'answered'
          ? uploads
            ? recordBegin(documents, current.begun)
            : ''
          : `${refuseOtherRecord(record.path)}${uploads ? recordBegin(documents, undefined) : ''}`
      return changeSteps({
        configuration,
        server,
        parts,
        ...(begin === '' ? {} : { begin }),
        end: [
          // Nothing is left to be changed of a kube-proxy that is not wanted any more.
          ...(isProxyCutOff && documents.kubeProxy === undefined ? [{ run: unmarkProxy }] : []),
          { run: recordCluster(applied) },
          { write: record.path, content: clusterRecord(applied).content, mode: 0o600 },
        ],
      })
    },
    explain: failure => explainKubeadm(failure, 'init phase'),
  }
}

type StandingState = Exclude<KubeadmConfigurationState, { readonly api: 'absent' }>

/**
 * How the static pods of a host differ from the cluster's configuration. `recorded`: the configuration that they were made
 * with; undefined if it is not known.
 */
export function podChanges(
  cluster: KubernetesDocument,
  recorded: KubernetesDocument | undefined,
): readonly FieldChange[] {
  if (recorded === undefined) return [{ field: 'static pods', before: 'not known', after: 'made again' }]
  return documentChanges(cluster, recorded, recorded).filter(changeable)
}

// Whether a field of the ClusterConfiguration belongs to the static pods, which can be recreated.
function changeable({ field }: FieldChange): boolean {
  return /^(apiServer|controllerManager|scheduler|etcd\.external\.endpoints)\b/.test(field)
}

/** The URL of the API server on a control plane node. */
export function serverOf(node: { readonly advertiseAddress: string; readonly bindPort: number }): string {
  return `https://${isIPv6(node.advertiseAddress) ? `[${node.advertiseAddress}]` : node.advertiseAddress}:${node.bindPort}`
}

interface Comparison {
  /** Changes that kubeadm cannot make. */
  readonly fixed: readonly FieldChange[]
  readonly cluster: readonly FieldChange[]
  readonly names: readonly FieldChange[]
  readonly kubelet: readonly FieldChange[]
  readonly kubeProxy: readonly FieldChange[]
}

const equal: Comparison = { fixed: [], cluster: [], names: [], kubelet: [], kubeProxy: [] }

function madeOf(current: StandingState): Partial<ClusterDocuments> | undefined {
  return current.api === 'answered' ? (current.made ?? current.recorded) : current.recorded
}

/**
 * Documents as they are recorded. A kube-proxy that is not wanted any more is left in the cluster, and so is what evcctl set in
 * it: that is recorded until it is wanted again.
 */
export function withFormerProxy(
  documents: ClusterDocuments,
  recorded: Partial<ClusterDocuments> | undefined,
): ClusterDocuments {
  return { ...documents, kubeProxy: documents.kubeProxy ?? recorded?.kubeProxy }
}

// If the API server does not answer, the cluster is assumed to have the configuration that this host recorded last. The static
// pods of this host are compared separately: the ConfigMaps may have been written through another node while this one was
// off. The documents that were applied completely are compared too: an interrupted run may have written a ConfigMap
// without finishing the change.
function compare(current: StandingState, parameters: KubeadmConfigurationParameters): Comparison {
  const { documents } = parameters
  const { recorded } = current
  const standing = current.api === 'answered' ? current : recorded
  const made = madeOf(current)
  const fixed = placeChanges(current, parameters)
  const pods = podChanges(documents.cluster, recorded?.cluster)
  if (standing?.cluster === undefined)
    return current.api === 'answered'
      ? { ...equal, cluster: [{ field: 'ConfigMap kubeadm-config', after: 'uploaded' }] }
      : { ...equal, fixed, cluster: pods }
  // What a change wrote that was cut off, or failed later, and is not wanted any more, is in the cluster and in no record of what
  // was made.
  const begun = current.api === 'answered' ? current.begun : undefined
  // Nor does any record say then whether a zero that is not there was left out, or never written.
  const records = begun === undefined ? [made] : [undefined, made, begun]
  const of = (part: keyof ClusterDocuments) =>
    records.flatMap(record => documentChanges(documents[part], standing[part], record?.[part]))
  const unseen = (part: keyof ClusterDocuments) =>
    made?.[part] === undefined ? [] : documentChanges(documents[part], made[part], made[part])
  const all = eachOnce(of('cluster'))
  return {
    fixed: [...all.filter(field => !changeable(field)), ...fixed],
    cluster: eachOnce([...all, ...unseen('cluster')].filter(changeable).concat(pods)),
    names: certSANsIn(documents.cluster)
      .filter(name => !current.certSANs.includes(canonicalName(name)))
      .map(name => ({ field: 'name in the API server certificate', after: name })),
    kubelet: prefixed('kubelet', eachOnce([...of('kubelet'), ...unseen('kubelet')])),
    kubeProxy:
      documents.kubeProxy === undefined
        ? []
        : standing.kubeProxy === undefined && current.api === 'answered'
          ? [{ field: 'kube-proxy', after: 'created' }]
          : prefixed('kube-proxy', eachOnce([...of('kubeProxy'), ...unseen('kubeProxy')])),
  }
}

function eachOnce(changes: readonly FieldChange[]): readonly FieldChange[] {
  const seen = new Set<string>()
  return changes.filter(({ field }) => !seen.has(field) && seen.add(field))
}

function placeChanges(current: LocalState, parameters: KubeadmConfigurationParameters): readonly FieldChange[] {
  const wanted = { advertiseAddress: parameters.advertiseAddress, bindPort: String(parameters.bindPort) }
  return Object.entries(wanted).flatMap(([field, after]) => {
    const before = current[field as keyof typeof wanted]
    return before === '' || before === after ? [] : [{ field, before, after }]
  })
}

/** The names that the API server's certificate must have. */
export function certSANsIn(cluster: KubernetesDocument): readonly string[] {
  const { certSANs = [] } = (cluster.apiServer ?? {}) as { readonly certSANs?: readonly string[] }
  return certSANs
}

function prefixed(name: string, changes: readonly FieldChange[]): readonly FieldChange[] {
  return changes.map(change => ({ ...change, field: `${name} ${change.field}` }))
}

// Field of the cluster's configuration → the key of cluster.yaml that sets it.
const keys: Readonly<Record<string, string>> = {
  clusterName: 'metadata.name',
  kubernetesVersion: 'spec.kubernetes.version',
  controlPlaneEndpoint: 'spec.controlPlane.endpoint (or localProxyPort)',
  'networking.podSubnet': 'spec.network.podCIDR',
  'networking.serviceSubnet': 'spec.network.serviceCIDR',
  'networking.dnsDomain': 'spec.kubernetes.clusterDomain',
  imageRepository: 'spec.images.registry',
  bindPort: 'spec.controlPlane.bindPort',
  advertiseAddress: 'spec.hosts[].privateAddress',
}

/** Why a field cannot be changed; `file` is the path of cluster.yaml. */
export function fixedField({ field, before, after }: FieldChange, file: string): ErrorDetails {
  const key = ownValue(keys, field) ?? `spec.kubernetes.clusterConfiguration.${field}`
  const upgrade = field === 'kubernetesVersion'
  if (field === 'advertiseAddress') return otherAddress(`${file} ${key}`, before, after)
  return {
    where: `${file} ${key}`,
    problem: upgrade
      ? 'This version of evcctl does not upgrade a standing cluster.'
      : 'This cannot be changed on a standing cluster.',
    expected: `${before ?? 'nothing'}, as the cluster has it`,
    actual: String(after),
    next: `Put ${key} back${before === undefined ? '' : ` to ${before}`}, or make a new cluster with it.`,
  }
}

// Certificates, etcd's list of members and the manifests contain the address, so a machine with another address must become a new
// node. The kubelet of the old node no longer reports, so the advised drain has a time limit: it would never see its pods
// end. --force lets it go on with pods without a controller.
function otherAddress(where: string, before: FieldChange['before'], after: FieldChange['after']): ErrorDetails {
  const etcdctl =
    'kubectl -n kube-system exec etcd-OTHER -- etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key'
  return {
    where,
    problem: 'A control plane node cannot change its address.',
    expected: `${before ?? 'the address that it had'}, as its API server has it`,
    actual: String(after),
    next: [
      'Give the machine its former address back (a second address of the interface will do). Or, where other control plane nodes run, make it a new node; NODE is its name, OTHER one of the others:',
      '  kubectl drain NODE --ignore-daemonsets --delete-emptydir-data --force --timeout=60s; kubectl delete node NODE',
      `  ${etcdctl} member list    # with a stacked etcd: the ID of NODE`,
      `  ${etcdctl} member remove ID`,
      '  kubeadm reset --force    # on NODE',
      `  evcctl apply`,
    ].join('\n'),
  }
}
