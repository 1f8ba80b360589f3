import { deepMerge, stateFolder } from '../support/index.ts'
import type { ClusterDocuments } from './cluster-record.ts'

/** File on a control plane node with the record of the documents that its static pods were last made with. */
export const recordPath = `${stateFolder}/kubeadm-configuration.json`

/** The record of the cluster's documents on a control plane node. With it evcctl sees a key that was removed from cluster.yaml. */
export function clusterRecord(documents: ClusterDocuments): { readonly path: string; readonly content: string } {
  return { path: recordPath, content: `${JSON.stringify(documents)}\n` }
}

/**
 * Documents as they are recorded. A kube-proxy that is not wanted any more is left in the cluster, and so is what evcctl set in
 * it: that is recorded until it is wanted again. `begun`: the documents of a change that did not end.
 */
export function withFormerProxy(
  documents: ClusterDocuments,
  recorded: Partial<ClusterDocuments> | undefined,
  begun?: Partial<ClusterDocuments>,
): ClusterDocuments {
  const [made, cutOff] = [recorded?.kubeProxy, begun?.kubeProxy]
  const former = made === undefined ? cutOff : deepMerge(made, cutOff ?? {})
  return { ...documents, kubeProxy: documents.kubeProxy ?? former }
}
