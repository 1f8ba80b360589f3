import { clientFiles, etcdClient } from '../../roles/etcd-client/index.ts'
import { type EtcdOrder, etcdRegistry, type Site, type Task } from '../../src/index.ts'

/** Checks on the first control plane node that kubeadm may use the data in etcd. */
export function guardEtcd({ builder, first }: Site, { after, ...order }: EtcdOrder): Task {
  // It is shown beside the host's other work on that etcd.
  return builder.scope(first.name, etcdClient.name).add(etcdRegistry({ ...order, ...clientFiles }), { after })
}
