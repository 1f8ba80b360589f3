import { type ClusterSpec, type HostFacts, type HostSpec, isControlPlane, isNode, quoteAll } from '../index.ts'
import { type Finding, finding } from './finding.ts'
import { isNodeAlready, isOrWasBegun } from './node.ts'
import { isOwnCniFile, isOwnInterface } from './pod-network.ts'

/** Manifests that kubeadm writes itself, and refuses to find. */
const kubeadmManifests = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  name => `/etc/kubernetes/manifests/${name}.yaml`,
)

/** What is left of an interrupted or earlier join, which evcctl removes by itself. */
const leftOfJoin = ['/etc/kubernetes/pki/ca.crt', '/etc/kubernetes/bootstrap-kubelet.conf']

/** Drop-in of kubeadm's package; evcctl has its own under this name, which goes before those of other folders. */
const ownDropIn = '/10-kubeadm.conf'

/** What other software, or an earlier cluster, has left on a host that is no node yet, and that would get in the way. */
export function* remainsChecks(spec: ClusterSpec, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (isNodeAlready(facts) || !isNode(host)) return
  // What evcctl's own kubeadm has left on a host that it was making a node of is no other cluster's.
  const begun = isOrWasBegun(facts)
  if (!begun) yield* kubernetesFiles(spec, host, facts)
  const { cniFiles, kubeletSettings, interfaces } = facts.remains
  // Without a network of evcctl's, what lies there may be the wanted one.
  const foreign = spec.network.cni === 'none' ? [] : cniFiles.filter(path => !isOwnCniFile(spec, path))
  if (foreign.length > 0) {
    yield finding('cniFiles', host, {
      problem:
        'There are network configurations of other software: pods would get addresses from the first of them, not from the cluster.',
      expected: `nothing in /etc/cni/net.d but what ${spec.network.cni} writes`,
      actual: foreign.join('\n'),
      next: `If nothing on it needs them any more: mkdir -p /root/cni-before && mv -- ${quoteAll(foreign)} /root/cni-before/`,
    })
  }
  for (const { path, settings } of kubeletSettings) {
    if (settings.length === 0 || path.endsWith(ownDropIn)) continue
    yield finding('kubeletFlags', host, {
      problem: `${path} would change how the kubelet is started.`,
      expected: 'flags of the kubelet in cluster.yaml alone (spec.kubernetes.kubeletConfiguration, nodeRegistration)',
      actual: settings.join(' '),
      next: `Move the file away (then: systemctl daemon-reload), or delete those lines if nothing needs them any more.`,
    })
  }
  const others = begun ? [] : interfaces.filter(name => !isOwnInterface(spec, name) && isInUse(name, facts))
  if (others.length > 0 && spec.network.cni !== 'none') {
    const some = others.slice(0, 5)
    yield finding('interfaces', host, {
      problem: 'There are network interfaces of another pod network.',
      expected: `none, or those of ${spec.network.cni}`,
      actual:
        others.length > some.length ? `${some.join(', ')} and ${others.length - some.length} more` : some.join(', '),
      next: `Remove what made them, then reboot, or: ${some.map(name => `ip link delete ${quoteAll([name])}`).join('; ')}`,
    })
  }
}

function* kubernetesFiles(spec: ClusterSpec, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  const isServer = isControlPlane(host)
  const found = facts.remains.kubernetesFiles.filter(path => {
    if (path.startsWith('/etc/kubernetes/manifests/')) return !isServer || kubeadmManifests.includes(path)
    return isServer || !leftOfJoin.includes(path)
  })
  const etcdData = isServer && spec.etcd.topology === 'stacked' && facts.etcd.data !== 'none'
  const actual = [...found, ...(etcdData ? ['/var/lib/etcd/member'] : [])]
  if (actual.length === 0) return
  const hasCa = isServer && found.includes('/etc/kubernetes/pki/ca.crt')
  yield finding('kubernetesFiles', host, {
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
  })
}

// The kernel makes tunl0 by itself, as soon as anything loads its module.
function isInUse(name: string, facts: HostFacts): boolean {
  return name !== 'tunl0' || facts.networks.some(({ device }) => device === name)
}
