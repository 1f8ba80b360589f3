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

/** Where kubeadm writes the manifests of the control plane, and the kubelet reads them. */
export const staticPods = '/etc/kubernetes/manifests/'

/** Manifests that kubeadm writes itself, and refuses to find. */
const kubeadmManifests = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  name => `${staticPods}${name}.yaml`,
)

/** What is left of an interrupted or earlier join, which evcctl removes by itself. */
const leftOfJoin = [kubeadmApi.ca, '/etc/kubernetes/bootstrap-kubelet.conf']

/** Drop-in of kubeadm's package; evcctl has its own under this name, which goes before those of other folders. */
const ownDropIn = '/10-kubeadm.conf'

/** What would get in kubeadm's way on a host that is no node yet. */
export const formerNode: FormerNode = {
  files: kubernetesFiles,
  kubeletSettings: ({ remains }) =>
    remains.kubeletSettings
      .filter(({ path, settings }) => settings.length > 0 && !path.endsWith(ownDropIn))
      .map(({ path, settings }) => ({
        problem: `${path} would change how the kubelet is started.`,
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
      ? 'It is no node, yet there are certificates of another cluster: kubeadm would use its CA for this one.'
      : 'It is no node, yet there are files of another cluster, which kubeadm refuses or takes for its own.',
    expected: 'no certificates, manifests and data of a cluster',
    actual: actual.join('\n'),
    next: `If nobody needs them any more, run kubeadm reset --force on the host, or: rm -rf ${quoteAll(actual)}${
      hasCa
        ? '\nIf this CA is to be the CA of the new cluster, leave ca.crt and ca.key there alone and ignore the check.'
        : ''
    }`,
  }
}
