import type { FieldChange } from '../../core/resource.ts'
import { canonicalName } from '../pki/index.ts'
import { documentChanges, type KubernetesDocument } from '../support/index.ts'
import type { ClusterDocuments } from './cluster-record.ts'
import type { KubeadmConfigurationState, LocalState } from './configuration-state.ts'
import { impossibleUpgrade } from './version-change.ts'

/** What a cluster, and a control plane node of it, are to have. */
export interface WantedConfiguration {
  readonly documents: ClusterDocuments
  readonly advertiseAddress: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  /** A version that the API server has by then; see impossibleUpgrade(). */
  readonly passed?: string | undefined
}

export type StandingState = Exclude<KubeadmConfigurationState, { readonly api: 'absent' }>

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
  return /^(apiServer|controllerManager|scheduler|etcd\.external\.endpoints|kubernetesVersion)\b/.test(field)
}

/** How a standing cluster, and the control plane node that it is changed through, differ from what is wanted. */
export interface Comparison {
  /** Changes that kubeadm cannot make. */
  readonly fixed: readonly FieldChange[]
  readonly cluster: readonly FieldChange[]
  readonly names: readonly FieldChange[]
  readonly kubelet: readonly FieldChange[]
  readonly kubeProxy: readonly FieldChange[]
}

const equal: Comparison = { fixed: [], cluster: [], names: [], kubelet: [], kubeProxy: [] }

/** The documents that were applied last, as far as anybody recorded them. */
export function madeOf(current: StandingState): Partial<ClusterDocuments> | undefined {
  return current.api === 'answered' ? (current.made ?? current.recorded) : current.recorded
}

// If the API server does not answer, the cluster is assumed to have the configuration that this host recorded last. The static
// pods of this host are compared separately: the ConfigMaps may have been written through another node while this one was
// off. The documents that were applied completely are compared too: an interrupted run may have written a ConfigMap
// without finishing the change.
export function compareConfiguration(current: StandingState, parameters: WantedConfiguration): Comparison {
  const { documents } = parameters
  const { recorded } = current
  const standing = current.api === 'answered' ? current : recorded
  const made = madeOf(current)
  const fixed = [...impossibleUpgrade(current, documents, parameters.passed), ...placeChanges(current, parameters)]
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
  const of = (part: keyof ClusterDocuments, by = records) =>
    by.flatMap(record => documentChanges(documents[part], standing[part], record?.[part]))
  const unseen = (part: keyof ClusterDocuments) =>
    made?.[part] === undefined ? [] : documentChanges(documents[part], made[part], made[part])
  // Which of kube-proxy and its replacement runs is up to people; the cluster only has to know it.
  const runsProxy = standing.kubeProxy !== undefined
  const follows = ({ field }: FieldChange) =>
    field.startsWith('proxy.') && current.api === 'answered' && (documents.kubeProxy !== undefined) === runsProxy
  const isFixed = (change: FieldChange) => !changeable(change) && !follows(change)
  return {
    // What kubeadm cannot change no change that was cut off has written.
    fixed: [...eachOnce(of('cluster', [made])).filter(isFixed), ...fixed],
    cluster: eachOnce(
      [...of('cluster'), ...unseen('cluster')].filter(one => changeable(one) || follows(one)).concat(pods),
    ),
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

function placeChanges(current: LocalState, parameters: WantedConfiguration): readonly FieldChange[] {
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
