import { noEtcdRestore } from '../../roles/etcd-restore/index.ts'
import { etcdSnapshots } from '../../roles/etcd-snapshots/index.ts'
import { etcdTools } from '../../roles/etcd-tools/index.ts'
import { isControlPlane, memberQuestion, type Site, type Task } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { Etcd } from './declare-etcd.ts'

/**
 * Declares the snapshots of every member that evcctl runs. Those of an etcd of somebody else are theirs. Returns for each
 * host, by name: done when it can take one.
 */
export function backUpEtcd(on: Site, etcd: Etcd, controlPlane: ControlPlane): ReadonlyMap<string, readonly Task[]> {
  const { spec, machines } = on.inventory
  const able = new Map<string, readonly Task[]>()
  if (!('backup' in spec.etcd)) return able
  for (const { name, host } of machines)
    if (isControlPlane(host) || memberQuestion(spec, on.distribution, host) !== undefined)
      on.declare(noEtcdRestore, name, {})
  const joined = new Map(controlPlane.nodes.map(node => [node.machine.name, node.joined]))
  for (const { name, host } of machines) {
    const member = memberQuestion(spec, on.distribution, host)
    if (member === undefined) continue
    const { script } = on.declare(etcdSnapshots, name, {
      cluster: spec.name,
      kubernetes: spec.kubernetes.version,
      backup: spec.etcd.backup,
      member,
      folder: on.distribution.facts.folder,
      manifest: `${on.distribution.staticPods}kube-apiserver.yaml`,
      after: madeMember(etcd, name, joined.get(name)),
    })
    const tools = on.builder.tasks.filter(({ host, role }) => host === name && role === etcdTools.name)
    able.set(name, [script, ...tools])
  }
  return able
}

// On a host with etcd alone, the member is healthy at the end of its own stage; elsewhere kubeadm makes it.
function madeMember(etcd: Etcd, name: string, joined: Task | undefined): readonly Task[] {
  if (etcd.is === 'managed') return etcd.healthy.filter(({ host }) => host === name)
  return joined === undefined ? [] : [joined]
}
