import type { EtcdSpec, Site } from '../../src/index.ts'
import { declareManagedEtcd, type ManagedEtcd } from './managed-etcd.ts'
import type { PreparedHosts } from './prepare-hosts.ts'

/**
 * The etcd that stores the cluster's state. `stacked`: its members are on the control plane nodes. `managed`: evcctl runs
 * its members on hosts with the role etcd. `foreign`: somebody else runs it.
 */
export type Etcd =
  | { readonly is: 'stacked' }
  | ({ readonly is: 'managed' } & ManagedEtcd)
  | ({ readonly is: 'foreign' } & Extract<EtcdSpec, { readonly managed: false }>)

/** Declares the members of an etcd on hosts of its own. Any other etcd needs nothing before the control plane. */
export function declareEtcd(on: Site, hosts: PreparedHosts): Etcd {
  const { etcd } = on.inventory.spec
  if (etcd.topology === 'stacked') return { is: 'stacked' }
  return etcd.managed ? { is: 'managed', ...declareManagedEtcd(on, hosts.etcd, etcd) } : { is: 'foreign', ...etcd }
}
