import { z } from 'zod'
import { domain, version } from './scalars.ts'

const whenMade =
  ' It says how a node is made; of later changes only those of nodeRegistration.kubeletExtraArgs reach nodes that are there.'

function patchOf(document: string, source: string, more = '') {
  return z
    .record(z.string(), z.unknown())
    .describe(
      `Deep-merged over the ${document} that evcctl makes, so that everything ${source} knows can be set. ` +
        'Lists of named items (extraArgs) are merged by name, other lists replace, null removes a key. What another key of ' +
        `this file decides is refused here and that key named.${more}`,
    )
    .prefault({})
}

/** `spec.kubernetes` */
export const kubernetesSchema = z.strictObject({
  version: version
    .describe(
      'Kubernetes version. Default: the newest of the catalog. A leading `v` is accepted. A version that the catalog does ' +
        'not list is looked up at its release site, or at the mirror, and recorded in cluster.lock.yaml beside this file; ' +
        'so are those of runtimes, etcd and networks. Of a private build `spec.artifacts.checksums` must have the files.',
    )
    .optional(),
  clusterDomain: domain.describe('DNS domain of services.').default('cluster.local'),
  clusterConfiguration: patchOf(
    'ClusterConfiguration (kubeadm.k8s.io/v1beta4)',
    'kubeadm',
    ' etcd.local.dataDir is a folder for etcd alone, and empty when a node is made. API servers get ' +
      '`shutdown-watch-termination-grace-period: 5s` unless it is set here: they restart in seconds with it.',
  ),
  initConfiguration: patchOf('InitConfiguration (kubeadm.k8s.io/v1beta4)', 'kubeadm', whenMade),
  joinConfiguration: patchOf('JoinConfiguration (kubeadm.k8s.io/v1beta4)', 'kubeadm', whenMade),
  kubeletConfiguration: patchOf('KubeletConfiguration (kubelet.config.k8s.io/v1beta1)', 'the kubelet'),
  kubeProxyConfiguration: patchOf('KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1)', 'kube-proxy'),
  ignorePreflightErrors: z
    .array(z.string().min(1, { error: "the name of one of kubeadm's checks" }))
    .describe(
      "Names of kubeadm's own preflight checks that only warn, e.g. `SystemVerification`, for init, join and upgrade.",
    )
    .default([]),
})
