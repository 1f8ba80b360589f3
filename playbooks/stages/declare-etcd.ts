import type { EtcdSpec, Site } from '../../src/index.ts'
import { declareManagedEtcd, type ManagedEtcd } from './managed-etcd.ts'
import type { PreparedHosts } from './prepare-hosts.ts'

/**
 * Where the cluster's state is kept: `stacked`: by members on the control plane nodes; `managed`: by members on hosts of role
 * etcd; `foreign`: by an etcd that somebody else runs.
 */
export type Etcd =
  | { readonly is: 'stacked' }
  | ({ readonly is: 'managed' } & ManagedEtcd)
  | ({ readonly is: 'foreign' } & Extract<EtcdSpec, { readonly managed: false }>)

/** Declares the members of an etcd on hosts of its own; of any other there is nothing to be done before the control plane. */
export function declareEtcd(on: Site, hosts: PreparedHosts): Etcd {
  const { etcd } = on.inventory.spec
  if (etcd.topology === 'stacked') return { is: 'stacked' }
  return etcd.managed ? { is: 'managed', ...declareManagedEtcd(on, hosts.etcd, etcd) } : { is: 'foreign', ...etcd }
}
