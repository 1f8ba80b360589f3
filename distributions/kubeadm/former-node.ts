import {
  type ClusterSpec,
  type FormerNode,
  type HostFacts,
  type HostProblem,
  type HostSpec,
  isControlPlane,
  kubeadmApi,
  quoteAll,
} from '../../src/index.ts'

/** The folder in which kubeadm writes the manifests of static pods, and from which the kubelet reads them. */
export const staticPods = '/etc/kubernetes/manifests/'

/** Manifests that kubeadm writes itself. It refuses to run if one exists. */
const kubeadmManifests = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  name => `${staticPods}${name}.yaml`,
)

/** Files of an interrupted or earlier join, which evcctl removes by itself. */
const leftOfJoin = [kubeadmApi.ca, '/etc/kubernetes/bootstrap-kubelet.conf']

/**
 * Name of the drop-in of kubeadm's package. evcctl writes its own of this name in /etc, which has precedence over other
 * folders.
 */
const ownDropIn = '/10-kubeadm.conf'

/** Finds files that would disturb kubeadm on a host that is no node yet. */
export const formerNode: FormerNode = {
  files: kubernetesFiles,
  kubeletSettings: ({ remains }) =>
    remains.kubeletSettings
      .filter(({ path, settings }) => settings.length > 0 && !path.endsWith(ownDropIn))
      .map(({ path, settings }) => ({
        problem: `${path} would change how the kubelet starts.`,
        expected: 'flags of the kubelet in cluster.yaml alone (spec.kubernetes.kubeletConfiguration, nodeRegistration)',
        actual: settings.join(' '),
        next: `Move the file away (then: systemctl daemon-reload), or delete those lines if nothing needs them any more.`,
      })),
}

function kubernetesFiles(spec: ClusterSpec, host: HostSpec, facts: HostFacts): HostProblem | undefined {
  const isServer = isControlPlane(host)
  const found = facts.remains.kubernetesFiles.filter(path => {
    if (path.startsWith(staticPods)) return !isServer || kubeadmManifests.includes(path)
    return isServer || !leftOfJoin.includes(path)
  })
  const etcdData = isServer && spec.etcd.topology === 'stacked' && facts.etcd.data !== 'none'
  const actual = [...found, ...(etcdData ? ['/var/lib/etcd/member'] : [])]
  if (actual.length === 0) return undefined
  const hasCa = isServer && found.includes(kubeadmApi.ca)
  return {
    problem: hasCa
      ? 'The host is no node, but it has certificates of another cluster. kubeadm would use their CA for this cluster.'
      : 'The host is no node, but it has files of another cluster. kubeadm would refuse them or use them for this cluster.',
    expected: 'no certificates, manifests or data of a cluster',
    actual: actual.join('\n'),
    next: `If nobody needs them any more, run kubeadm reset --force on the host, or: rm -rf ${quoteAll(actual)}${
      hasCa ? '\nTo use this CA for the new cluster, keep ca.crt and ca.key, and ignore the check.' : ''
    }`,
  }
}
