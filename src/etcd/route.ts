import { hasStarted, type Member, memberOf, type WantedMember } from './member.ts'
import {
  type MembershipOptions,
  type MembershipRefusal,
  type MembershipStep,
  planMembership,
} from './plan-membership.ts'
import type { Quorum } from './quorum.ts'

/** A step of the planner, with the quorums before and after it. */
export interface RouteStep {
  readonly step: MembershipStep
  readonly before: Quorum
  readonly after: Quorum
}

/** All steps from the current members of a cluster to the wanted ones, as far as the planner can foresee them. */
export interface Route {
  readonly steps: readonly RouteStep[]
  /** Why the route ends before the wanted members are reached. */
  readonly refused?: MembershipRefusal
}

interface Place {
  readonly members: readonly Member[]
  readonly wanted: readonly WantedMember[]
}

/** Follows planMembership() to its end. Assumes that each step succeeds: each added member starts and catches up. */
export function routeOf(
  members: readonly Member[],
  wanted: readonly WantedMember[],
  options: MembershipOptions = {},
): Route {
  const steps: RouteStep[] = []
  let at: Place = { members, wanted }
  // Each member needs at most one step to be removed, and four to join.
  const most = members.length + 5 * wanted.length
  while (steps.length <= most) {
    const plan = planMembership(at.members, at.wanted, options)
    if (plan.is === 'done') return { steps }
    if (plan.is === 'refused') return { steps, refused: plan }
    const { step, before, after } = plan
    steps.push({ step, before, after })
    at = foresee(at, step)
  }
  throw new RangeError(`The planner of etcd members has come to no end after ${most} steps`)
}

/**
 * The removals that the planner wants before any other step, in order. With `only`, the first removal of another kind
 * ends the list. No outcome is assumed but that of the removals themselves: each one is safe once those before it are done.
 */
export function removalsOf(
  members: readonly Member[],
  wanted: readonly WantedMember[],
  options: MembershipOptions & { readonly only?: 'not voting or silent' } = {},
): readonly RouteStep[] {
  const found: RouteStep[] = []
  let left = members
  for (;;) {
    const plan = planMembership(left, wanted, options)
    if (plan.is !== 'step' || plan.step.do !== 'remove') return found
    const { id } = plan.step
    const member = left.find(one => one.id === id) as Member
    if (options.only !== undefined && member.healthy && !member.learner) return found
    found.push({ step: plan.step, before: plan.before, after: plan.after })
    left = left.filter(one => one !== member)
  }
}

/** The members once each wanted member runs whose host can start it. */
export function startedOf(members: readonly Member[], wanted: readonly WantedMember[]): readonly Member[] {
  const startable = new Set(wanted.filter(({ data }) => data === 'present').map(host => memberOf(host, members)))
  return members.map(member => (startable.has(member) && hasStarted(member) ? { ...member, healthy: true } : member))
}

function foresee({ members, wanted }: Place, step: MembershipStep): Place {
  const set = (id: string, change: Partial<Member>) =>
    members.map(member => (member.id === id ? { ...member, ...change } : member))
  switch (step.do) {
    case 'add learner': {
      const { name, peerURL } = step.member
      // etcd never gives an ID like this.
      const added = { id: `new ${name}`, name: '', peerURLs: [peerURL], clientURLs: [], learner: true, healthy: false }
      const { id: _, ...host } = step.member
      return {
        members: [...members, added],
        wanted: wanted.map(one => (one.peerURL === peerURL ? { ...host, data: 'empty' } : one)),
      }
    }
    case 'start': {
      const { name, peerURL } = step.member
      return {
        members: set(step.id, { name, clientURLs: [peerURL], healthy: true, inSync: false }),
        wanted: wanted.map(one => (one.peerURL === peerURL ? { ...one, data: 'present', id: step.id } : one)),
      }
    }
    case 'wait until in sync':
      return { members: set(step.id, { inSync: true }), wanted }
    case 'promote':
      return { members: set(step.id, { learner: false }), wanted }
    case 'remove':
      return { members: members.filter(({ id }) => id !== step.id), wanted }
  }
}
