import {
  type EtcdInstallationOutputs,
  type EtcdRemovalRoleParameters,
  etcdLeaving,
  etcdMembership,
  etcdRunning,
} from '../../roles/etcd/index.ts'
import type { EtcdDataByHost, Inventory, Site, Task } from '../../src/index.ts'

/** How members leave. */
export type Removal = Omit<EtcdRemovalRoleParameters, 'of' | 'after'>

/** A host with everything that a member needs to start. */
export interface InstalledMember extends EtcdInstallationOutputs {
  readonly name: string
  /** The tasks that prepare the system of its host. */
  readonly system: readonly Task[]
  /**
   * Whether the member has been healthy and runs, and enough members run for a quorum. Such members change one after the
   * other.
   */
  readonly isStanding: boolean
  /** Whether the member has been healthy and does not run, while enough others run for a quorum. */
  readonly isDown: boolean
}

interface JoinedMember extends InstalledMember {
  readonly joined: Task
}

export interface RunningMembers {
  /** Done when every member is healthy. */
  readonly healthy: readonly Task[]
  /**
   * Done when every member is healthy, except those that are down while the others have a quorum: each of these fails
   * alone, and the existing cluster continues without it.
   */
  readonly serving: readonly Task[]
}

/** Makes the hosts members. A member whose data is gone is removed first, through a member that has its data. */
export function joinMembers(
  on: Site,
  installed: readonly InstalledMember[],
  { allowEven, removal }: { readonly allowEven: boolean; readonly removal: Removal | undefined },
): readonly JoinedMember[] {
  const { spec, etcdMembers: members } = on.inventory
  const data = dataOf(on.inventory)
  const executor = installed.find(({ name }) => name === removal?.name)
  const dead =
    removal === undefined || executor === undefined
      ? []
      : [on.declare(etcdLeaving, removal.name, { ...removal, of: 'dead', after: executor.ready }).left]
  return installed.map(member => {
    const { name, ready } = member
    const after = [...ready, ...dead]
    const token = `${spec.name}-etcd`
    return { ...member, ...on.declare(etcdMembership, name, { name, members, data, token, allowEven, after }) }
  })
}

/**
 * Runs the members one after the other: a member is restarted only after the one before it is healthy again. Before that, a
 * member that runs already gets no new files either, so the members before it must not wait for its membership.
 */
export function runMembers(on: Site, members: readonly JoinedMember[]): RunningMembers {
  const { builder, inventory } = on
  const data = dataOf(inventory)
  const healthy: Task[] = []
  const serving: Task[] = []
  let proof: readonly Task[] = []
  const beginning = members.filter(member => !member.isStanding)
  // A healthy member is not restarted while another one that it needs for a quorum is down, so members that are down come
  // first.
  const inOrder = [...members].sort((a, b) => Number(b.isDown) - Number(a.isDown))
  for (const member of inOrder) {
    const { name, isStanding, isDown, joined, system, ready, watch } = member
    if (isStanding) for (const task of [...system, ...ready]) builder.holdBack(task, proof)
    const others = beginning.filter(one => one !== member).map(one => one.joined)
    const before = [...others, ...healthy.slice(-1)]
    const running = on.declare(etcdRunning, name, {
      name,
      members: inventory.etcdMembers,
      data,
      after: isStanding ? [joined] : [joined, ...before],
      watch,
    })
    // A member that needs no change does not wait, and does not fail when another one fails.
    if (isStanding) for (const task of [running.unit, running.healthy]) builder.holdBack(task, before)
    healthy.push(running.healthy)
    if (!isDown) serving.push(running.healthy)
    if (isStanding) proof = [running.healthy]
  }
  return { healthy, serving: serving.length > 0 ? serving : healthy }
}

/** The state of the data of each etcd host that answered, by host name. */
export function dataOf({ etcdMachines }: Inventory): EtcdDataByHost {
  return Object.fromEntries(etcdMachines.map(({ name, facts }) => [name, facts.etcd.data]))
}
