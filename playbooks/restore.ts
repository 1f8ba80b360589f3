import { distributionOf } from '../distributions/index.ts'
import { etcdRestoreStep } from '../roles/etcd-restore/index.ts'
import {
  apiServesScript,
  asideOf,
  beginScript,
  checkScript,
  controlPlaneStopped,
  dataScript,
  type ErrorDetails,
  endScript,
  etcdUnit,
  isControlPlane,
  isNode,
  type Machine,
  membersDigest,
  memberWellScript,
  nodesReadyScript,
  type Operation,
  ownApiOf,
  type RestoredMember,
  type RestoreState,
  type RestoreStepParameters,
  restoreRecord,
  revisionBump,
  siteOf,
  startControlPlane,
  stopControlPlane,
  stopStackedEtcd,
  type Task,
} from '../src/index.ts'
import { membersOf, refuseSilent } from './restore-hosts.ts'

/** What a restore is made of, as the command line found it. */
export interface RestoreOrder {
  /** Tells this restore from others; 16 hexadecimal digits. */
  readonly attempt: string
  /** A restore of this archive that was cut off. It is taken up, under its own name, if it is one of the same members. */
  readonly cutOff?: Pick<RestoreState, 'attempt' | 'members'> | undefined
  /** The archive on this machine. */
  readonly archive: { readonly file: string; readonly sha256: string }
  /** What is in it. */
  readonly snapshot: {
    readonly size: number
    readonly sha256: string
    readonly revision: number
    readonly keys: number
    /** `20261129T083000Z` */
    readonly time: string
  }
  /** The revision of etcd now; undefined: no member says it. */
  readonly revision: number | undefined
  /** Hosts with a member that are gone for good. */
  readonly lost: readonly string[]
}

/**
 * Replaces the data of etcd by that of a snapshot. All API servers and members are stopped, each member gets its data from
 * the snapshot (one first), and all of it starts again. Throws UserError if a host with a member does not answer that is not
 * named as lost, or somebody else runs etcd.
 */
export function restoreFrom(order: RestoreOrder): Operation {
  return inventory => {
    const { spec } = inventory
    const distribution = distributionOf(spec)
    const on = siteOf(inventory, distribution)
    refuseSilent(inventory, order.lost)
    const { machines } = inventory
    const members = membersOf(inventory, machines)
    const restored = members.map(member => member.restored)
    const attempt = attemptOf(order, restored)
    const servers = machines.filter(({ host }) => isControlPlane(host))
    const hosts = machines.filter(machine => servers.includes(machine) || members.some(one => one.machine === machine))
    const isStacked = spec.etcd.topology === 'stacked'
    const stopMember = isStacked ? stopStackedEtcd : `systemctl stop -- ${etcdUnit}\n`
    const step = (
      machine: Machine,
      after: readonly Task[],
      what: Omit<RestoreStepParameters, 'attempt' | 'explain'>,
      enters?: readonly Task[],
    ): Task => {
      const parameters = { ...what, attempt, explain: failed(what.title), after }
      return on.declare(etcdRestoreStep, machine.name, { ...parameters, ...(enters === undefined ? {} : { enters }) })
        .done
    }

    const begun = hosts.map(machine =>
      step(machine, [], {
        step: 'begin',
        title: 'begin the restore of etcd',
        fields: [],
        steps: [{ run: beginScript(attempt, order.archive.sha256, membersDigest(restored)) }],
      }),
    )
    const checked = members.map(({ machine, restored: own }) =>
      step(machine, begun, {
        step: 'check',
        title: 'check the snapshot',
        fields: [],
        steps: [
          { push: order.archive.file, to: restoreRecord.archive, sha256: order.archive.sha256, mode: 0o600 },
          { run: checkScript(order.snapshot, own), timeoutMs: longMs },
        ],
      }),
    )
    const stopped = members.map(({ machine }) =>
      step(machine, checked, {
        step: 'stop',
        title: 'stop etcd',
        fields: [],
        steps: [{ run: stopMember, timeoutMs: 120_000 }],
      }),
    )
    const data: Task[] = []
    for (const { machine, restored: own } of members) {
      // The first one shows whether the snapshot can be restored at all.
      const after = [...stopped, ...data.slice(0, 1)]
      data.push(
        step(machine, after, {
          step: 'data',
          title: 'restore the data of etcd',
          fields: [{ field: 'data', before: revisionNow(order), after: contentOf(order) }],
          note: `what was written since is lost; the data of now is set aside: ${asideOf(own, attempt)}`,
          // A host that was booted since has started its member again, and everything else that was stopped.
          steps: [
            { run: `${isControlPlane(machine.host) ? stopControlPlane : ''}${stopMember}`, timeoutMs: 240_000 },
            { run: dataScript(own, restored, attempt), timeoutMs: longMs },
          ],
        }),
      )
    }
    // One that was booted since has started its API server again, which may remember what the data before told it.
    for (const machine of servers)
      step(
        machine,
        checked,
        {
          step: 'hold',
          title: 'stop the API server',
          fields: [],
          note: 'with the kubelet and the controllers; pods run on',
          steps: [{ run: stopControlPlane, timeoutMs: 120_000 }],
          stays: controlPlaneStopped,
        },
        [...stopped, ...data],
      )
    const started = members.map(({ machine }) =>
      step(machine, data, {
        step: 'start',
        title: 'start etcd',
        fields: [],
        steps: [{ run: isStacked ? startControlPlane : startUnit, timeoutMs: 60_000 }],
      }),
    )
    const well = members.map(({ machine, access }) =>
      step(machine, started, {
        step: 'well',
        title: 'wait until etcd is healthy',
        fields: [],
        steps: [{ run: memberWellScript(access, order.snapshot.revision + revisionBump), timeoutMs: 330_000 }],
      }),
    )
    const serving = servers.map(machine =>
      step(machine, well, {
        step: 'serve',
        title: 'start the API server',
        fields: [],
        steps: [
          {
            run: `${startControlPlane}${apiServesScript(distribution.api, ownApiOf(spec, machine))}`,
            timeoutMs: 330_000,
          },
        ],
      }),
    )
    const nodes = machines.filter(({ host }) => isNode(host)).map(({ name }) => name)
    const ready = step(on.first, serving, {
      step: 'nodes',
      title: 'wait until the nodes are Ready',
      fields: [],
      steps: [{ run: nodesReadyScript(distribution.api, nodes), timeoutMs: 330_000 }],
    })
    for (const machine of hosts)
      step(machine, [ready], {
        step: 'end',
        title: 'end the restore of etcd',
        fields: [],
        noteOnceRestored:
          'this restore was cut off after etcd had its data; to restore the snapshot once more, run the same command again after it',
        steps: [{ run: endScript }],
      })
    return on.builder.build()
  }
}

// A member is made with the list of all. So a restore goes on only with the list that it was begun with.
function attemptOf({ attempt, cutOff }: RestoreOrder, members: readonly RestoredMember[]): string {
  const isSame = cutOff?.members === membersDigest(members)
  return isSame && cutOff.attempt !== undefined ? cutOff.attempt : attempt
}

const longMs = 1_800_000

const startUnit = `systemctl reset-failed -- ${etcdUnit} 2>/dev/null || :\nsystemctl start --no-block -- ${etcdUnit}\n`

function revisionNow({ revision }: RestoreOrder): string {
  return revision === undefined ? 'not known: no member answers' : `revision ${revision}`
}

function contentOf({ snapshot: { revision, keys, time } }: RestoreOrder): string {
  return `revision ${revision} of ${time}, ${keys} keys`
}

function failed(title: string): (said: string) => ErrorDetails {
  return said => ({
    problem: `This step of the restore failed: ${title}.`,
    actual: said,
    next: 'When it is fixed, run the same command again: what is done is not done again. Nothing of the data before the restore is deleted.',
  })
}
