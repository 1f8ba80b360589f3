import { minorOf } from '../catalog/index.ts'
import { checkComponentDocument } from './checks/component-documents.ts'
import { formatPath } from './finding.ts'
import type { ClusterSpec } from './spec.ts'

/**
 * The keys of cluster.yaml that the kubeadm of a Kubernetes version does not know, of those documents that it makes static pods
 * from, e.g. `spec.kubernetes.clusterConfiguration.etcd.external.httpEndpoints`. Of a minor without schemas nothing is known.
 */
export function keysUnknownTo(
  version: string,
  {
    clusterConfiguration,
    initConfiguration,
  }: Pick<ClusterSpec['kubernetes'], 'clusterConfiguration' | 'initConfiguration'>,
): readonly string[] {
  const unknown: string[] = []
  for (const [document, patch] of Object.entries({ clusterConfiguration, initConfiguration })) {
    const report = ({ path }: { readonly path: readonly (string | number)[] }) => unknown.push(formatPath(path))
    checkComponentDocument(
      document as 'clusterConfiguration' | 'initConfiguration',
      patch,
      minorOf(version),
      report,
      () => undefined,
    )
  }
  return unknown
}
