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

/** A host with all that a member needs to start. */
export interface InstalledMember extends EtcdInstallationOutputs {
  readonly name: string
  /** What prepares the system of its host. */
  readonly system: readonly Task[]
  /** Whether it has been healthy and runs, where so many do that each can be healthy again: those change one after the other. */
  readonly isStanding: boolean
  /** Whether it has been healthy and does not run, and others do. */
  readonly isDown: boolean
}

interface JoinedMember extends InstalledMember {
  readonly joined: Task
}

export interface RunningMembers {
  /** Done when every member is healthy. */
  readonly healthy: readonly Task[]
  /**
   * The same without a member that was healthy and is down, where the others have a quorum: it fails alone, and what stands
   * goes on without it.
   */
  readonly serving: readonly Task[]
}

/** Makes the hosts members. One whose data is gone leaves first, by way of a member that has its own. */
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
 * Runs the members. One after the other: a member is restarted only when the one before it is healthy again. What stands
 * already gets nothing new before that either, so those before it cannot wait for its membership.
 */
export function runMembers(on: Site, members: readonly JoinedMember[]): RunningMembers {
  const { builder, inventory } = on
  const data = dataOf(inventory)
  const healthy: Task[] = []
  const serving: Task[] = []
  let proof: readonly Task[] = []
  const beginning = members.filter(member => !member.isStanding)
  // A member that is well is not restarted while another that it needs is down: that one comes first.
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
    // One that runs as it should has nothing to wait for, and does not fail with another.
    if (isStanding) for (const task of [running.unit, running.healthy]) builder.holdBack(task, before)
    healthy.push(running.healthy)
    if (!isDown) serving.push(running.healthy)
    if (isStanding) proof = [running.healthy]
  }
  return { healthy, serving: serving.length > 0 ? serving : healthy }
}

/** What the data of each etcd host that answered is, by its name. */
export function dataOf({ etcdMachines }: Inventory): EtcdDataByHost {
  return Object.fromEntries(etcdMachines.map(({ name, facts }) => [name, facts.etcd.data]))
}
