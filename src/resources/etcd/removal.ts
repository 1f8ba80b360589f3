import type { Change, Resource } from '../../core/resource.ts'
import {
  describeQuorum,
  describeStep,
  type Member,
  planMembership,
  type RouteStep,
  removalsOf,
  routeOf,
  startedOf,
} from '../../etcd/index.ts'
import { quote } from '../../shell/quote.ts'
import { type EtcdMemberState, memberProbe } from './member-state.ts'
import { removalSteps } from './member-steps.ts'
import { type EtcdDataByHost, type EtcdHost, endpointsFor, wantedLater, wantedOf } from './wanted.ts'

/**
 * `dead`: before any member is added, since etcd adds nothing while a voting member is silent. `former`: running members
 * that are no longer desired, once all their replacements vote and no API server uses the former ones any more.
 */
export type EtcdRemovalOf = 'dead' | 'former'

export interface EtcdRemovalParameters {
  readonly of: EtcdRemovalOf
  /** The member that removes the others; it stays. */
  readonly name: string
  /** All desired members. */
  readonly members: readonly EtcdHost[]
  readonly data: EtcdDataByHost
  readonly allowEven: boolean
}

/**
 * The members of an external etcd that are no longer in cluster.yaml, or whose data is gone. planMembership() decides which
 * are removed and when, by the numbers of the quorum. The host removes exactly those, by ID, and none if the members have
 * changed since the plan. etcd itself refuses a removal that would cost the quorum, too.
 */
export function etcdRemoval(
  parameters: EtcdRemovalParameters,
): Resource<EtcdMemberState, { readonly members: readonly EtcdHost[] }> {
  const { of, name, members, data, allowEven } = parameters
  const endpoints = endpointsFor(members, name)
  const wanted = (of === 'dead' ? wantedOf : wantedLater)(members, name, data)
  const now = (current: EtcdMemberState): readonly RouteStep[] =>
    removalsOf(current.members, wanted, { allowEven, ...(of === 'dead' ? { only: 'not voting or silent' } : {}) })
  return {
    kind: 'etcd members',
    name: of,
    title: of === 'dead' ? 'remove dead etcd members' : 'remove former etcd members',
    probe: memberProbe(endpoints),
    desired: { members },
    diff(current): Change | undefined {
      if (current.cluster !== 'answered') return of === 'dead' ? undefined : unasked(current)
      if (of === 'dead') return changeOf(now(current))
      const running = startedOf(current.members, wanted)
      const early = new Set(
        removalsOf(running, wanted, { allowEven, only: 'not voting or silent' }).map(({ step }) => idOf(step)),
      )
      const { steps, refused } = routeOf(running, wanted, { allowEven })
      const removals = steps.filter(({ step }) => step.do === 'remove' && !early.has(step.id))
      if (refused === undefined) return changeOf(removals)
      const staying = current.members.filter(member => isFormer(member, members))
      return staying.length === 0 ? undefined : refuse(refused, staying)
    },
    converge(current) {
      const removals = now(current)
      if (removals.length === 0) return [{ run: `echo ${quote(notYet(current, wanted))} >&2\nexit 1\n` }]
      return removalSteps(
        endpoints,
        current.members,
        removals.map(({ step }) => idOf(step)),
      )
    },
    explain: failure => ({
      problem: 'A member could not be removed from etcd.',
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'Apply again when all members run: systemctl status etcd, on their hosts.',
    }),
  }
}

function idOf(step: RouteStep['step']): string {
  return 'id' in step ? step.id : ''
}

function isFormer(member: Member, wanted: readonly EtcdHost[]): boolean {
  return !wanted.some(({ peerURL }) => member.peerURLs.includes(peerURL))
}

// The members are started before, so by then it shows whether there is anything to remove.
function unasked({ cluster }: EtcdMemberState): Change | undefined {
  if (cluster === 'not asked') return undefined
  const note = 'etcd does not answer now; once it does, members that are no longer in cluster.yaml are removed'
  return { action: 'run', fields: [], note }
}

function changeOf(removals: readonly RouteStep[]): Change | undefined {
  if (removals.length === 0) return undefined
  return {
    action: 'delete',
    fields: removals.map(({ step, before, after }) => ({
      field: describeStep(step),
      before: describeQuorum(before),
      after: describeQuorum(after),
    })),
    note: leftBehind,
  }
}

const leftBehind =
  'etcd there stops by itself; etcd.service, /var/lib/etcd and /etc/etcd stay, and the keys in it still open this etcd: remove them by hand'

function refuse(
  { problem, expected, actual }: { readonly problem: string; readonly expected: string; readonly actual: string },
  staying: readonly Member[],
): Change {
  const names = staying.map(({ name, id }) => `${name || 'a member without name'} (${id})`).join(', ')
  return {
    action: 'run',
    fields: [],
    refused: {
      problem: `${problem} So these members, which are no longer in cluster.yaml, cannot be removed: ${names}.`,
      expected,
      actual,
      next: 'Get the other members running first (systemctl status etcd, on their hosts), or put the host back into cluster.yaml.',
    },
  }
}

function notYet(current: EtcdMemberState, wanted: ReturnType<typeof wantedOf>): string {
  const plan = planMembership(current.members, wanted, { allowEven: true })
  if (plan.is === 'refused') return `${plan.problem} Expected: ${plan.expected}; actual: ${plan.actual}.`
  return plan.is === 'step'
    ? `Something else has to be done first: ${describeStep(plan.step)}.`
    : 'Nothing is to be removed.'
}
