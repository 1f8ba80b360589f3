import { etcdHost } from '../../roles/etcd-host/index.ts'
import { networkFolders } from '../../roles/former-node/index.ts'
import { hostRecord } from '../../roles/host-record/index.ts'
import {
  etcdHostFolders,
  hasEtcdHosts,
  isControlPlane,
  isEtcdHost,
  isNode,
  type Machine,
  type Site,
  type Task,
} from '../../src/index.ts'
import type { OpenedHost } from './open-firewalls.ts'
import { type PreparedHost, type PreparedNode, prepareNode } from './prepare-node.ts'

export interface PreparedHosts {
  /** The control plane node through which evcctl changes the cluster. */
  readonly first: PreparedNode
  /** The hosts that are, or become, nodes. */
  readonly nodes: readonly PreparedNode[]
  /** The hosts of an etcd that has hosts of its own. Some of them may also be nodes. */
  readonly etcd: readonly PreparedHost[]
  /** Done when the firewalls of control plane nodes and etcd hosts let the others in. */
  readonly inside: readonly Task[]
}

/** Prepares hosts for kubeadm and etcd. No host waits for another. */
export function prepareHosts(on: Site, opened: readonly OpenedHost[]): PreparedHosts {
  for (const { machine } of opened) recordHost(on, machine)
  const nodes = opened.filter(({ machine }) => isNode(machine.host)).map(host => prepareNode(on, host))
  const first = nodes.find(({ machine }) => machine === on.first)
  if (first === undefined) throw new RangeError(`${on.first.name} is none of the nodes that were prepared`)
  const byName = new Map(nodes.map(node => [node.machine.name, node]))
  const etcd = hasEtcdHosts(on.inventory.spec)
    ? opened
        .filter(({ machine }) => isEtcdHost(machine.host))
        .map(host => byName.get(host.machine.name) ?? prepareEtcdHost(on, host))
    : []
  const inside = opened.filter(({ machine }) => isControlPlane(machine.host) || isEtcdHost(machine.host))
  return { first, nodes, etcd, inside: inside.flatMap(host => host.opened) }
}

function recordHost({ inventory: { spec }, distribution, declare }: Site, { name, host }: Machine): void {
  const folders = [
    ...(isNode(host) ? [...distribution.folders(spec), ...networkFolders(spec)] : []),
    ...(hasEtcdHosts(spec) && isEtcdHost(host) ? etcdHostFolders : []),
  ]
  declare(hostRecord, name, { folders })
}

function prepareEtcdHost({ inventory, declare }: Site, { machine, opened }: OpenedHost): PreparedHost {
  const { packages, setHostname } = inventory.spec.os
  const { name, address, proxy } = machine
  const { all } = declare(etcdHost, name, {
    packages,
    setHostname,
    hostname: name,
    address,
    ...(proxy === undefined ? {} : { proxy }),
  })
  return { machine, opened, system: all }
}
