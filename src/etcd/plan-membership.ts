import { hasStarted, type Member, memberOf, type WantedMember } from './member.ts'
import { describeQuorum, describeTolerance, hasQuorum, type Quorum, quorumOf } from './quorum.ts'

/** One change of an etcd cluster's members, or one thing to wait for. */
export type MembershipStep =
  /** `etcdctl member add --learner`; the host is started with the member list that it answers. */
  | { readonly do: 'add learner'; readonly member: WantedMember }
  /** A member that was added but never ran: its host has to start etcd. */
  | { readonly do: 'start'; readonly member: WantedMember; readonly id: string }
  /** A learner that runs but has not caught up with the leader. */
  | { readonly do: 'wait until in sync'; readonly member: WantedMember; readonly id: string }
  | { readonly do: 'promote'; readonly member: WantedMember; readonly id: string }
  | { readonly do: 'remove'; readonly id: string; readonly name: string; readonly why: string }

/** The next step. The quorums before and after it are computed from the health that is known now. */
export type MembershipPlan =
  | { readonly is: 'done' }
  | { readonly is: 'step'; readonly step: MembershipStep; readonly before: Quorum; readonly after: Quorum }
  | MembershipRefusal

/** Why no member may be changed, with the numbers. */
export interface MembershipRefusal {
  readonly is: 'refused'
  readonly problem: string
  readonly expected: string
  readonly actual: string
  readonly before: Quorum
  /** The quorum that the refused step would have left; undefined when no step was considered. */
  readonly after?: Quorum
}

export interface MembershipOptions {
  /** Accept an even number of members. Default false. */
  readonly allowEven?: boolean
}

interface Matched {
  readonly wanted: WantedMember
  readonly member: Member | undefined
}

/**
 * The next safe step from the current members of a running cluster to the wanted ones, or why there is none. Every
 * change of members goes through this function. Callers call it again, with a fresh list of members, after each step.
 *
 * First it removes unwanted members that are pending or dead: they only occupy the place of a learner or raise the
 * quorum, and etcd adds no member while a voting member is silent. Then it completes pending members, so that there is
 * never more than one. Then it adds new members. Unwanted members that are alive are removed last. It never returns a
 * step that would leave fewer answering voters than the quorum needs.
 */
export function planMembership(
  members: readonly Member[],
  wanted: readonly WantedMember[],
  options: MembershipOptions = {},
): MembershipPlan {
  const before = quorumOf(members)
  const unsound = unsoundness(members, wanted, options, before)
  if (unsound !== undefined) return unsound
  const matched = wanted.map(host => ({ wanted: host, member: memberOf(host, members) }))
  const kept = new Set(
    matched.flatMap(({ member, wanted: host }) => (member && !isLost(member, host) ? [member.id] : [])),
  )
  const unwanted = members.filter(member => !kept.has(member.id))
  const missing = matched.filter(({ member }) => member === undefined || !kept.has(member.id))
  const pending = matched.filter(({ member }) => member !== undefined && kept.has(member.id) && isPending(member))
  if (unwanted.length === 0 && missing.length === 0 && pending.length === 0) return { is: 'done' }
  if (!hasQuorum(before)) return quorumLost(members, before)

  const replaced = new Set(missing.flatMap(({ member }) => (member === undefined ? [] : [member.id])))
  const unwantedPending = unwanted.find(isPending)
  if (unwantedPending !== undefined) return removal(members, unwantedPending, whyOf(unwantedPending, replaced), before)
  const dead = unwanted.find(member => !member.healthy)
  if (dead !== undefined) return removal(members, dead, whyOf(dead, replaced), before)
  const [next] = pending
  const step = next === undefined ? undefined : pendingStep(next)
  if (step !== undefined) return withQuorum(step, members, before)
  if (next !== undefined) return stuck(next, before)
  const joining = missing.find(({ wanted: host }) => host.data !== 'unreachable')
  if (joining !== undefined) return withQuorum({ do: 'add learner', member: joining.wanted }, members, before)
  const [absent] = missing
  if (absent !== undefined) return unreachable(absent.wanted, before)
  // The order does not matter: a removed follower hands nothing over, and a removed leader hands over its leadership.
  const leaving = unwanted[0] as Member
  return removal(members, leaving, whyOf(leaving, replaced), before)
}

/** The quorum once a step is done, with the health that is known now; a promoted learner is healthy. */
export function quorumAfter(step: MembershipStep, members: readonly Member[]): Quorum {
  if (step.do === 'remove') return quorumOf(members.filter(member => member.id !== step.id))
  if (step.do !== 'promote') return quorumOf(members)
  return quorumOf(members.map(member => (member.id === step.id ? { ...member, learner: false } : member)))
}

// A voting member that was never started belongs to a cluster that is still being created: it counts, but does not answer.
function isPending(member: Member): boolean {
  return member.learner || !hasStarted(member)
}

// The member ran, and its data is gone. It must not vote again with the same ID and an empty log.
function isLost(member: Member, host: WantedMember): boolean {
  return hasStarted(member) && !member.healthy && host.data === 'empty'
}

function pendingStep({ wanted, member }: Matched): MembershipStep | undefined {
  const { id, healthy, inSync, learner } = member as Member
  if (!hasStarted(member as Member)) {
    return wanted.data === 'unreachable' ? undefined : { do: 'start', member: wanted, id }
  }
  if (!learner || !healthy) return undefined
  return { do: inSync === true ? 'promote' : 'wait until in sync', member: wanted, id }
}

function withQuorum(step: MembershipStep, members: readonly Member[], before: Quorum): MembershipPlan {
  const after = quorumAfter(step, members)
  if (hasQuorum(after)) return { is: 'step', step, before, after }
  return {
    is: 'refused',
    problem: `etcd would lose its quorum: ${describeStep(step)}.`,
    expected: `at least ${after.needed} of the ${after.voters} voting members that would be left answer`,
    actual: `${after.healthy} would answer`,
    before,
    after,
  }
}

function removal(members: readonly Member[], { id, name }: Member, why: string, before: Quorum): MembershipPlan {
  return withQuorum({ do: 'remove', id, name, why }, members, before)
}

function whyOf(member: Member, replaced: ReadonlySet<string>): string {
  if (replaced.has(member.id)) return 'its data is gone: it joins again as a new member'
  return member.healthy ? 'it is not wanted any more' : 'it is not wanted any more and does not answer'
}

function unsoundness(
  members: readonly Member[],
  wanted: readonly WantedMember[],
  { allowEven = false }: MembershipOptions,
  before: Quorum,
): MembershipRefusal | undefined {
  const size = wanted.length
  const refuse = (problem: string, expected: string, actual: string): MembershipRefusal => ({
    is: 'refused',
    problem,
    expected,
    actual,
    before,
  })
  if (size === 0) return refuse('No etcd member would be left.', 'at least one', '0')
  const twice = wanted.find(({ peerURL }, index) => wanted.findIndex(other => other.peerURL === peerURL) !== index)
  if (twice !== undefined) {
    return refuse('Two etcd hosts have the same peer URL.', 'a peer URL of its own for each', twice.peerURL)
  }
  if (size % 2 === 0 && !allowEven) {
    return refuse(
      `${size} etcd members are no safer than ${size - 1}: ${describeTolerance(size)}, ${describeTolerance(size - 1)}.`,
      'an odd number of members',
      String(size),
    )
  }
  const moved = wanted.find(host => {
    const member = members.find(({ id }) => id === host.id)
    return member !== undefined && !member.peerURLs.includes(host.peerURL)
  })
  if (moved === undefined) return undefined
  const known = members.find(({ id }) => id === moved.id) as Member
  return refuse(
    `The etcd member ${known.name || known.id} is known to the others by another peer URL.`,
    known.peerURLs.join(', '),
    moved.peerURL,
  )
}

function quorumLost(members: readonly Member[], before: Quorum): MembershipRefusal {
  const silent = members.filter(member => !member.learner && !member.healthy).map(({ name, id }) => name || id)
  return {
    is: 'refused',
    problem: 'etcd has lost its quorum, so its members cannot be changed.',
    expected: `at least ${before.needed} of ${before.voters} voting members answer`,
    actual: `${before.healthy}; silent: ${silent.join(', ')}`,
    before,
  }
}

function stuck({ wanted, member }: Matched, before: Quorum): MembershipRefusal {
  const { learner } = member as Member
  return {
    is: 'refused',
    problem: `${wanted.name} is a member of etcd that ${learner ? 'is not promoted' : 'never started'} and does not answer; no other can be added before it does.`,
    expected: `${wanted.name} answers`,
    actual: describeQuorum(before),
    before,
  }
}

function unreachable({ name }: WantedMember, before: Quorum): MembershipRefusal {
  return {
    is: 'refused',
    problem: `${name} cannot be reached, so it cannot become a member of etcd.`,
    expected: 'a host that answers',
    actual: describeQuorum(before),
    before,
  }
}

/** A step in words, for a plan or a message. */
export function describeStep(step: MembershipStep): string {
  if (step.do === 'remove') return `remove ${step.name || 'a member without name'} (${step.id}): ${step.why}`
  if (step.do === 'add learner') return `add ${step.member.name} as a learner`
  return `${step.do === 'wait until in sync' ? 'wait for' : step.do} ${step.member.name} (${step.id})`
}
