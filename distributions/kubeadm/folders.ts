import { type ClusterSpec, defaultEtcdData, etcdDataOf } from '../../src/index.ts'

/** The folders that kubeadm, the kubelet and the pods of the control plane have on a node. */
export function nodeFolders({ etcd, kubernetes }: ClusterSpec): readonly string[] {
  const { etcdData = defaultEtcdData } = etcdDataOf(kubernetes.clusterConfiguration)
  return [
    '/etc/kubernetes',
    '/usr/libexec/kubernetes',
    '/var/lib/kubelet',
    '/var/log/containers',
    '/var/log/pods',
    ...(etcd.topology === 'stacked' ? [etcdData] : []),
  ]
}
