import {
  describeQuorum,
  guard,
  imagesOf,
  isControlPlane,
  neededOf,
  type Site,
  serverVersion,
  wasCutOff,
} from '../../src/index.ts'
import { hasMemberRunning, isRunningNode, leavesEtcdFirst } from '../standing.ts'

/**
 * Refuses an upgrade that stops a member of the stacked etcd for a moment while so many others are down that the rest has no
 * quorum. One or two members have none to spare at any time. A member that is down has nothing to lose: where no other one is stopped,
 * the upgrade may be what brings it back.
 */
export function guardUpgrade({ inventory, builder, first }: Site): void {
  const { spec, facts, machines } = inventory
  if (spec.etcd.topology !== 'stacked') return
  const { images } = spec.kubernetes
  const etcdOf = (version: string | undefined) => (version === undefined ? images : imagesOf(version))?.etcd
  // Members of nodes that leave vote until the end, except those that are gone before: see removeNodes().
  const stays = ({ name }: { readonly name: string }) =>
    !inventory.leaving.some(one => one.name === name && (one.facts === undefined || leavesEtcdFirst(one, inventory)))
  const members = [...spec.hosts, ...spec.leaving.filter(stays)].filter(
    host => isControlPlane(host) && (!facts.has(host.name) || isRunningNode(host, facts)),
  )
  // Where a change of the static pods was cut off, they are put back before anything else: see putBackFirst().
  const down = members.filter(host => !hasMemberRunning(host, facts) && !wasCutOff(facts.get(host.name)))
  // An etcd that has come up with a newer API server that did not stays: the node is of the former version then, and etcd is not.
  const stops = machines.some(
    machine =>
      !down.includes(machine.host) &&
      etcdOf(serverVersion(machine)) !== images?.etcd &&
      machine.facts.kubernetes.etcdTag !== images?.etcd,
  )
  const needed = neededOf(members.length)
  const left = members.length - down.length - 1
  if (!stops || members.length < 3 || left >= needed) return
  builder.scope(first.name, 'control-plane').add(
    guard('upgrade of etcd', {
      problem: 'An upgrade stops one member of etcd at a time, and with it the others would have no quorum.',
      expected: `at least ${needed} of ${members.length} members while one is stopped`,
      actual: `${left}: ${describeQuorum({ voters: members.length, healthy: members.length - down.length, needed })}; down: ${down.map(({ name }) => name).join(', ')}`,
      next: 'Bring these hosts back. Or give those that are lost state: absent: their members of etcd go before the upgrade.',
    }),
  )
}
