import { distributionOf } from '../distributions/index.ts'
import { type Graph, type Inventory, type Operation, type Renewal, siteOf } from '../src/index.ts'
import { backUpEtcd } from './stages/back-up-etcd.ts'
import { checkNetwork } from './stages/check-network.ts'
import { checkUpgrade } from './stages/check-upgrade.ts'
import { closeFirewalls } from './stages/close-firewalls.ts'
import { declareControlPlane } from './stages/declare-control-plane.ts'
import { declareDns } from './stages/declare-dns.ts'
import { declareEtcd } from './stages/declare-etcd.ts'
import { declareNetwork } from './stages/declare-network.ts'
import { fetchUpgrade } from './stages/fetch-upgrade.ts'
import { guardMinors } from './stages/guard-minors.ts'
import { guardUpgrade } from './stages/guard-upgrade.ts'
import { joinWorkers } from './stages/join-workers.ts'
import { keepInService } from './stages/keep-in-service.ts'
import { openFirewalls } from './stages/open-firewalls.ts'
import { passThroughMinors } from './stages/pass-through-minors.ts'
import { prepareHosts } from './stages/prepare-hosts.ts'
import { putBackFirst } from './stages/put-back.ts'
import { removeNodes } from './stages/remove-nodes.ts'
import { retireEtcdMembers } from './stages/retire-etcd-members.ts'
import { rollChanges } from './stages/roll-changes.ts'
import { runNodes } from './stages/run-nodes.ts'
import { snapshotFirst } from './stages/snapshot-first.ts'

/**
 * Creates a cluster, or brings it to what cluster.yaml says. Hosts without facts (unreachable ones) are left out. Throws
 * UserError if the first control plane node is one of them.
 */
export const cluster: Operation = inventory => build(inventory, 'due')

/** The same, and renews all certificates that are older than a day. */
export const renewal: Operation = inventory => build(inventory, 'all')

function build(inventory: Inventory, renewal: Renewal): Graph {
  const on = siteOf(inventory, distributionOf(inventory.spec), renewal)
  const hosts = prepareHosts(on, openFirewalls(on))
  const etcd = declareEtcd(on, hosts)
  guardUpgrade(on)
  guardMinors(on)
  const checked = checkUpgrade(on)
  const controlPlane = declareControlPlane(on, hosts, etcd)
  const retired = retireEtcdMembers(on, etcd, controlPlane)
  const able = backUpEtcd(on, etcd, controlPlane)
  const joined = [...controlPlane.nodes, ...joinWorkers(on, hosts, controlPlane)]
  const network = declareNetwork(on, controlPlane, joined)
  const nodes = runNodes(on, joined, network)
  const passing = passThroughMinors(on, controlPlane, checked)
  fetchUpgrade(on, hosts, controlPlane, nodes, checked, passing)
  closeFirewalls(on, [...retired, ...removeNodes(on, hosts, controlPlane, nodes, passing)])
  const back = putBackFirst(on, controlPlane)
  const inService = keepInService(on, controlPlane, nodes)
  rollChanges(on, controlPlane, nodes, inService.drained)
  snapshotFirst(on, controlPlane, able, passing, back)
  declareDns(on, controlPlane, nodes, inService.all)
  checkNetwork(on, controlPlane, nodes, network)
  return on.builder.build()
}
