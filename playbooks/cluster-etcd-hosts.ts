import { etcdHost } from '../roles/etcd-host/index.ts'
import type { ClusterSpec, GraphBuilder, Task } from '../src/index.ts'
import { isNode, type Machine } from './cluster-addresses.ts'
import type { OpenedFirewalls } from './cluster-firewall.ts'
import type { Prepared } from './cluster-host.ts'

/** Whether cluster.yaml has etcd on hosts of role etcd. */
export function hasEtcdHosts(spec: ClusterSpec): boolean {
  return spec.etcd.topology === 'external' && spec.etcd.managed
}

/** What each etcd host needs before etcd: those that are nodes, too, are prepared as such. */
export function prepareEtcdHosts(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  nodes: ReadonlyMap<Machine, Prepared>,
  opened: OpenedFirewalls,
): ReadonlyMap<Machine, readonly Task[]> {
  const hosts = machines.filter(({ host }) => host.roles.includes('etcd'))
  // A member that joins reaches all the others.
  const letIn = (machine: Machine) =>
    machine.facts.etcd.data === 'formed' ? opened.get(machine)! : hosts.flatMap(host => opened.get(host)!)
  return new Map(
    hosts.map(machine => {
      const { host, address } = machine
      if (isNode(host)) return [machine, [...letIn(machine), ...nodes.get(machine)!.system]] as const
      const { all } = etcdHost.declare(builder.scope(host.name, etcdHost.name), {
        packages: { ...spec.os.packages, extra: [...spec.os.packages.extra] },
        setHostname: spec.os.setHostname,
        hostname: host.name,
        address,
        ...(machine.proxy === undefined ? {} : { proxy: machine.proxy }),
      })
      return [machine, [...letIn(machine), ...all]] as const
    }),
  )
}
