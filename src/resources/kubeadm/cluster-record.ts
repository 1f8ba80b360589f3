import { quote } from '../../shell/quote.ts'
import { kubectl, serverSideApply } from '../api/index.ts'
import { deepMerge, isTree, type KubernetesDocument, keptJson, retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'

/** The documents that are the same for the whole cluster. */
export interface ClusterDocuments {
  readonly cluster: KubernetesDocument
  readonly kubelet: KubernetesDocument
  /** Undefined if kubeadm does not install kube-proxy. */
  readonly kubeProxy: KubernetesDocument | undefined
}

/**
 * What evcctl records in the cluster itself. A change of the cluster may go through any control plane node, and the next
 * change through another one: each finds the record there.
 */
export interface ClusterRecord {
  /** The documents that evcctl last applied completely; undefined: none since kubeadm init. */
  readonly documents: Partial<ClusterDocuments> | undefined
  /**
   * The documents of a change that has begun and not ended: any part of them may be in the cluster already. Undefined: there
   * is none.
   */
  readonly begun: Partial<ClusterDocuments> | undefined
  /** Whether a change of kube-proxy has begun and not ended. */
  readonly isProxyCutOff: boolean
}

const name = 'evcctl'

/** API path of the ConfigMap with the record. */
export const clusterRecordPath = `/api/v1/namespaces/kube-system/configmaps/${name}`

/** Parses the ConfigMap, which may not exist. A damaged part of it counts as missing. */
export function clusterRecordOf(configMap: unknown): ClusterRecord {
  const data = isTree(configMap) && isTree(configMap.data) ? configMap.data : {}
  const documentsIn = (text: unknown) =>
    keptJson(typeof text === 'string' ? text : '') as Partial<ClusterDocuments> | undefined
  return {
    documents: documentsIn(data.documents),
    begun: documentsIn(data.begun),
    isProxyCutOff: data.changing === 'kube-proxy',
  }
}

/**
 * Lines of sh that record the documents of a change, before any of them is uploaded. `begun` are those of a change before it
 * that did not end: their keys are kept, since this one may not get as far as to take them out.
 */
export function recordBegin(documents: ClusterDocuments, begun: Partial<ClusterDocuments> | undefined): string {
  return apply('evcctl-begun', { begun: JSON.stringify(deepMerge({ ...begun }, { ...documents })) })
}

/** Lines of sh that record the documents that were applied, and that no change is under way. */
export function recordCluster(documents: ClusterDocuments): string {
  return `${apply('evcctl', { documents: JSON.stringify(documents) })}${without('begun')}`
}

/** What a script prints that ends because of another record. */
export const otherRecord = 'the cluster has another record than this host'

/**
 * Lines of sh that fail where the cluster has a record that differs from the host's own record in `path`. Needed where the API
 * server did not answer when the documents were compared: the record of another change would be overwritten unread.
 */
export function refuseOtherRecord(path: string): string {
  const field = (key: string) =>
    `${kubectl(kubeadmApi, 30)} --namespace kube-system get configmap ${name} --ignore-not-found --output 'jsonpath={.data.${key}}'`
  return `begun=
made=
${retried(`begun=$(${field('begun')}) && made=$(${field('documents')})`)}if [ -n "$begun" ] || { [ -n "$made" ] && [ "$made" != "$(cat ${quote(path)} 2>/dev/null)" ]; }; then
  echo '${otherRecord}' >&2
  exit 1
fi
`
}

/** Lines of sh that mark the begin and the end of a change of kube-proxy. */
export const markProxy = apply('evcctl-change', { changing: 'kube-proxy' })
export const unmarkProxy = without('changing')

function without(field: string): string {
  return retried(
    `${kubectl(kubeadmApi, 30)} --namespace kube-system patch configmap ${name} --type=merge --patch '{"data":{"${field}":null}}'`,
  )
}

// Each field has its own field manager, so that writing one does not remove the other.
function apply(manager: string, data: Readonly<Record<string, string>>): string {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data }
  return retried(serverSideApply(kubeadmApi, `${JSON.stringify(object)}\n`, manager))
}
