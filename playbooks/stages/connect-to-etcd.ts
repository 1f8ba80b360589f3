import { etcdCaFolder } from '../../roles/etcd-ca/index.ts'
import { etcdCertificate } from '../../roles/etcd-certificate/index.ts'
import { etcdClient, etcdClientPaths } from '../../roles/etcd-client/index.ts'
import { etcdKey } from '../../roles/etcd-key/index.ts'
import type { Site, Task } from '../../src/index.ts'
import { isRunningNode } from '../standing.ts'
import type { Etcd } from './declare-etcd.ts'
import type { PreparedNode } from './prepare-node.ts'

/**
 * Gives a control plane node the files with which its API server reaches an external etcd. Returns the tasks for which
 * kubeadm has to wait.
 */
export function connectToEtcd(on: Site, { machine, system, opened }: PreparedNode, etcd: Etcd): readonly Task[] {
  const { facts, etcdEndpoints: endpoints } = on.inventory
  if (etcd.is === 'stacked' || endpoints === undefined) return []
  const { name, host } = machine
  const prepared = [...system, ...opened]
  if (etcd.is === 'foreign') {
    const { ca, certificate, key } = etcd
    return on.declare(etcdClient, name, { ca, certificate, key, endpoints, foreign: true, after: prepared }).ready
  }
  const made = on.declare(etcdKey, name, {
    folder: etcdClientPaths.folder,
    requests: [{ name: 'client', commonName: `kube-apiserver-etcd-client:${name}` }],
    after: prepared,
  })
  const { certificate } = on.declare(etcdCertificate, etcd.caHost, {
    folder: etcdCaFolder,
    name: `${name}-client`,
    request: made.request('client'),
    usages: ['clientAuth'],
    names: [],
    renewal: on.renewal,
    ca: etcd.caMade,
  })
  const after = [...prepared, ...(isRunningNode(host, facts) ? etcd.serving : etcd.healthy)]
  return on.declare(etcdClient, name, { ca: etcd.ca, certificate, endpoints, foreign: false, after }).ready
}

/**
 * Checks etcd on the first control plane node before kubeadm init. `ready` is the result of connectToEtcd(). Returns the
 * tasks for which kubeadm init has to wait.
 */
export function guardEtcd(on: Site, etcd: Etcd, ready: readonly Task[]): readonly Task[] {
  const { etcdEndpoints: endpoints } = on.inventory
  if (endpoints === undefined) return []
  return [on.distribution.guardEtcd(on, { endpoints, foreign: etcd.is === 'foreign', after: ready })]
}
