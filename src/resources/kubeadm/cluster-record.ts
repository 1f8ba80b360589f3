import { kubectl } from '../api/index.ts'
import { isTree, type KubernetesDocument, keptJson, retried } from '../support/index.ts'

/** The documents that are the same for the whole cluster. */
export interface ClusterDocuments {
  readonly cluster: KubernetesDocument
  readonly kubelet: KubernetesDocument
  /** Undefined: the cluster has no kube-proxy of kubeadm. */
  readonly kubeProxy: KubernetesDocument | undefined
}

/**
 * What evcctl keeps in the cluster itself, where any control plane node finds it that takes the first one's place: a change
 * goes through one of them, and the next one may go through another.
 */
export interface ClusterRecord {
  /** What evcctl made of the cluster last, all of it seen through; undefined: nothing, or not since kubeadm init. */
  readonly documents: Partial<ClusterDocuments> | undefined
  /** Whether a change of kube-proxy was begun and not ended. */
  readonly isProxyCutOff: boolean
}

const name = 'evcctl'

/** Path of the ConfigMap that has it. */
export const clusterRecordPath = `/api/v1/namespaces/kube-system/configmaps/${name}`

/** Reads the ConfigMap, which may not be there. What somebody damaged is not there. */
export function clusterRecordOf(configMap: unknown): ClusterRecord {
  const data = isTree(configMap) && isTree(configMap.data) ? configMap.data : {}
  const text = typeof data.documents === 'string' ? data.documents : ''
  return { documents: keptJson(text), isProxyCutOff: data.changing === 'kube-proxy' }
}

/** Lines of sh that record what was made of the cluster. */
export function recordCluster(documents: ClusterDocuments): string {
  return apply('evcctl', { documents: JSON.stringify(documents) })
}

/** Lines of sh around a change of kube-proxy. */
export const markProxy = apply('evcctl-change', { changing: 'kube-proxy' })
export const unmarkProxy = retried(
  `${kubectl(30)} --namespace kube-system patch configmap ${name} --type=merge --patch '{"data":{"changing":null}}'`,
)

// Each field has a manager of its own: what one writes takes nothing of the other's away.
function apply(manager: string, data: Readonly<Record<string, string>>): string {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data }
  return retried(`${kubectl(30)} apply --server-side --force-conflicts --field-manager=${manager} -f - <<'EVCCTL_EOF'
${JSON.stringify(object)}
EVCCTL_EOF
`)
}
