import {
  type ClusterSpec,
  type Graph,
  type HostFacts,
  type Inventory,
  inventoryOf,
  UserError,
} from '../../src/index.ts'
import { cluster } from '../cluster.ts'

/**
 * All that evcctl makes on the hosts of the file, those that leave included, as on hosts that are new. So what a reset takes back
 * is what the operation `cluster` declares, and no list of it is kept anywhere else. It follows from the file alone: the state
 * of the cluster, which may be half gone, makes no difference, and neither do hosts that do not answer.
 */
export function madeOnHosts({ spec, distribution, facts, secrets }: Inventory): Graph {
  const [any] = facts.values()
  if (any === undefined)
    throw new UserError({ where: spec.file, problem: 'No host answers, so nothing can be taken back.' })
  const hosts = [...spec.hosts, ...spec.leaving]
  const whole: ClusterSpec = { ...spec, hosts, leaving: [] }
  const fresh = new Map(hosts.map(({ name }) => [name, asNew(facts.get(name) ?? any)]))
  return cluster(inventoryOf(whole, distribution, fresh, secrets))
}

function asNew(facts: HostFacts): HostFacts {
  return {
    ...facts,
    kubernetes: { kubeletConf: false, adminConf: false, controlPlane: false },
    etcd: { data: 'none', own: false, ca: false, client: false },
    remains: { ...facts.remains, begun: false },
  }
}
