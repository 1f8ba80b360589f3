import {
  type AddonsOrder,
  type ClusterSpec,
  clusterAddons,
  kubeadmApi,
  kubeadmFile,
  rollout,
  type Site,
  type Task,
} from '../../src/index.ts'
import { addonsOf } from './addons.ts'

/**
 * Gives kube-proxy and CoreDNS the version that belongs to the cluster's, and rolls kube-proxy out on all nodes. They change
 * when every node has its image archives: where no registry can be reached, a pod could not start without.
 */
export function declareAddons({ inventory, builder, first }: Site, { after, prepared }: AddonsOrder): readonly Task[] {
  const { spec } = inventory
  const scope = builder.scope(first.name, 'kubeadm-addons')
  const written = scope.add(
    clusterAddons({ configuration: kubeadmFile, kubernetes: spec.kubernetes.version, versions: versionsOf(spec) }),
    { after },
  )
  builder.holdBack(written, prepared)
  if (!addonsOf(spec).kubeProxy) return [written]
  const daemonSet = { namespace: 'kube-system', name: 'kube-proxy' }
  return [written, scope.add(rollout({ api: kubeadmApi, name: 'kube-proxy', daemonSet }), { watch: [written] })]
}

function versionsOf(spec: ClusterSpec) {
  const { version, images, clusterConfiguration } = spec.kubernetes
  const { coreDns, kubeProxy } = addonsOf(spec)
  const { dns } = clusterConfiguration as { readonly dns?: { readonly imageTag?: string } }
  return {
    'kube-proxy': kubeProxy ? `v${version}` : undefined,
    CoreDNS: coreDns ? (dns?.imageTag ?? images?.coredns) : undefined,
  }
}
