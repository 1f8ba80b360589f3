import { etcdInstallation } from '../../roles/etcd/index.ts'
import { etcdSnapshotFirst } from '../../roles/etcd-snapshots/index.ts'
import { nodeDrain } from '../../roles/node-service/index.ts'
import { isControlPlane, type Site, serverGetsOtherVersion, type Task } from '../../src/index.ts'
import { runningBatches } from '../rolling.ts'
import { hasMemberRunning, isRunningNode, isStandingMember } from '../standing.ts'
import type { ControlPlane } from './declare-control-plane.ts'

/**
 * Takes a snapshot of etcd on one host before nodes are upgraded or removed, and before another etcd is installed. Where no
 * member runs there is nothing to take it of: then the change may be what brings etcd back. `able`: see backUpEtcd(); `passing`: see
 * passThroughMinors(); `back`: see putBackFirst(), a member that is put back answers only then.
 */
export function snapshotFirst(
  on: Site,
  { configured }: Pick<ControlPlane, 'configured'>,
  able: ReadonlyMap<string, readonly Task[]>,
  passing: readonly Task[],
  back: readonly Task[],
): void {
  const { spec, machines, leaving } = on.inventory
  const member = memberOf(on, able)
  if (!('backup' in spec.etcd) || !spec.etcd.backup.beforeChanges || member === undefined) return
  const nodes = leaving.filter(one => one.isNode).map(({ name }) => name)
  const changes = [
    {
      before: 'upgrade',
      changes: `the upgrade to Kubernetes ${spec.kubernetes.version}`,
      inside: machines.some(machine => serverGetsOtherVersion(spec, machine))
        ? [...passing, ...configured.values()]
        : [],
    },
    {
      before: 'removal',
      changes: `the removal of ${nodes.join(', ')}`,
      inside: on.builder.tasks.filter(({ role }) => role === nodeDrain.name),
    },
    { before: 'etcd', changes: `the installation of etcd ${spec.etcd.version}`, inside: programsOf(on) },
  ]
  for (const { inside, ...change } of changes) {
    if (inside.length > 0)
      on.declare(etcdSnapshotFirst, member, { ...change, after: [...back, ...(able.get(member) ?? [])], inside })
  }
}

function programsOf({ builder, inventory: { machines, facts } }: Site): readonly Task[] {
  const standing = new Set(machines.filter(({ host }) => isStandingMember(host, facts)).map(({ name }) => name))
  return builder.tasks.filter(
    ({ host, role, resource }) => role === etcdInstallation.name && resource.kind === 'artifact' && standing.has(host),
  )
}

// The node that changes first comes first: what it needs for a snapshot waits for no other node. One that changes later would wait for
// the first.
function memberOf({ inventory, first }: Site, able: ReadonlyMap<string, readonly Task[]>): string | undefined {
  const { machines, facts, spec } = inventory
  const later = new Set(runningBatches(spec, facts).slice(1).flat())
  const member = [first, ...machines].find(
    ({ name, host }) =>
      able.has(name) &&
      hasMemberRunning(host, facts) &&
      (isStandingMember(host, facts) || (isControlPlane(host) && isRunningNode(host, facts) && !later.has(name))),
  )
  return member?.name
}
