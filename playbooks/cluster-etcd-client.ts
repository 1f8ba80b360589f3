import { etcdCaFolder } from '../roles/etcd-ca/index.ts'
import { etcdCertificate } from '../roles/etcd-certificate/index.ts'
import { etcdClient, etcdClientPaths, etcdGuard } from '../roles/etcd-client/index.ts'
import { etcdKey } from '../roles/etcd-key/index.ts'
import type { ClusterSpec, GraphBuilder, Task } from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { type EtcdCluster, etcdMembers } from './cluster-etcd.ts'
import { hasEtcdHosts } from './cluster-etcd-hosts.ts'
import { isRunningNode } from './standing.ts'

/** What kubeadm is told of an external etcd (`etcd.external` of its ClusterConfiguration); undefined: it is stacked. */
export function externalEtcd(spec: ClusterSpec, machines: readonly Machine[]) {
  const { etcd } = spec
  if (etcd.topology === 'stacked') return undefined
  const endpoints = etcd.managed ? etcdMembers(spec, machines).map(member => member.clientURL) : [...etcd.endpoints]
  const { ca, certificate, key } = etcdClientPaths
  return { endpoints, caFile: ca, certFile: certificate, keyFile: key }
}

/**
 * Gives a control plane node what its API server needs to reach an external etcd. `own` is that of this cluster; without
 * it the certificates of cluster.yaml are used. Returns what kubeadm has to wait for.
 */
export function declareEtcdClient(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  machine: Machine,
  prepared: readonly Task[],
  own: EtcdCluster | undefined,
): readonly Task[] {
  const { etcd } = spec
  if (etcd.topology === 'stacked') return []
  const { name } = machine.host
  const scope = builder.scope(name, etcdClient.name)
  if (!etcd.managed) {
    const { endpoints, ca, certificate, key } = etcd
    const given = { ca, certificate, key, endpoints: [...endpoints] }
    return etcdClient.declare(scope, { ...given, foreign: true, after: [...prepared] }).ready
  }
  if (own === undefined) throw new RangeError('An etcd of this cluster has to be declared before its clients')
  const requests = etcdKey.declare(builder.scope(name, etcdKey.name), {
    folder: etcdClientPaths.folder,
    requests: [{ name: 'client', commonName: `kube-apiserver-etcd-client:${name}` }],
    after: [...prepared],
  })
  const { certificate } = etcdCertificate.declare(builder.scope(own.caHost, etcdCertificate.name), {
    folder: etcdCaFolder,
    name: `${name}-client`,
    request: requests.get('client')!,
    usages: ['clientAuth'],
    names: [],
    ca: own.caMade,
  })
  const endpoints = etcdMembers(spec, machines).map(member => member.clientURL)
  const stands = isRunningNode(machine.host, new Map([[name, machine.facts]]))
  const after = [...prepared, ...(stands ? own.serving : own.healthy)]
  return etcdClient.declare(scope, { ca: own.ca, certificate, endpoints, foreign: false, after }).ready
}

/** On the first control plane node: kubeadm init has to wait for it. `ready` is what declareEtcdClient() gave. */
export function declareEtcdGuard(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  first: Machine,
  ready: readonly Task[],
): readonly Task[] {
  const external = externalEtcd(spec, machines)
  if (external === undefined) return []
  const { safe } = etcdGuard.declare(builder.scope(first.host.name, etcdGuard.name), {
    endpoints: [...external.endpoints],
    foreign: !hasEtcdHosts(spec),
    after: [...ready],
  })
  return [safe]
}
