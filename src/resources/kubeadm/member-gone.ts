import type { Change, Resource } from '../../core/resource.ts'
import {
  describeQuorum,
  describeStep,
  type Member,
  type MembershipPlan,
  planMembership,
  type WantedMember,
} from '../../etcd/index.ts'
import { removeMemberScript } from './remove-member-script.ts'
import { peerPort, type StackedMember, type StackedMembers, stackedMembersProbe } from './stacked-members.ts'

export interface StackedMemberGoneParameters {
  /** Name of the control plane node that leaves; its member has the same name. */
  readonly node: string
  /** Its address for the other nodes; undefined if nobody knows it. */
  readonly address: string | undefined
  /** Addresses of the control plane nodes that stay, this host first. */
  readonly others: readonly string[]
  /** Names of nodes that leave before this one, for the numbers of a plan. */
  readonly earlier: readonly string[]
  /** Whether static pods come back before that, perhaps with members of etcd: then a quorum that is missing now refuses nothing yet. */
  readonly putsBack: boolean
}

/**
 * A control plane node has no member in the stacked etcd any more. planMembership() decides whether its member may be removed,
 * by the numbers of the quorum, and decides again right before. The leadership moves to another member first. Runs on a control
 * plane node that stays.
 */
export function stackedMemberGone(
  parameters: StackedMemberGoneParameters,
): Resource<StackedMembers, { readonly member: 'gone' }> {
  const { node, others } = parameters
  return {
    kind: 'etcd member gone',
    name: node,
    title: `etcd member of ${node}`,
    probe: stackedMembersProbe(others),
    desired: { member: 'gone' },
    diff(current): Change | undefined {
      if (current.etcd === 'absent') return undefined
      if (current.etcd === 'silent')
        return {
          action: 'run',
          fields: [],
          note: `etcd does not answer, so its members are not known: ${current.said}`,
        }
      const { members } = current
      if (memberOfNode(members, parameters) === undefined) return undefined
      const earlier = members.filter(member => parameters.earlier.includes(member.name))
      return changeOf(
        planWithout(
          members.filter(member => !earlier.includes(member)),
          parameters,
        ),
        parameters,
      )
    },
    converge(current) {
      if (current.etcd !== 'answered') return [{ run: "echo 'etcd does not answer' >&2\nexit 1\n" }]
      const { members } = current
      const leaving = memberOfNode(members, parameters)
      const plan = planWithout(members, parameters)
      if (leaving === undefined || plan.is !== 'step' || plan.step.do !== 'remove')
        return [{ run: `cat >&2\nexit 1\n`, stdin: `${notNow(plan)}\n` }]
      return [{ run: removeMemberScript(members, leaving, plan.after.needed), timeoutMs: 240_000 }]
    },
    explain: failure => ({
      problem: `The member of ${node} could not be removed from etcd. It still counts for the quorum.`,
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'Apply again when all other members run: on their nodes, crictl ps --name etcd.',
    }),
  }
}

function memberOfNode(
  members: readonly StackedMember[],
  { node, address }: StackedMemberGoneParameters,
): StackedMember | undefined {
  const url = address === undefined ? undefined : `https://${address}:${peerPort}`
  // A member that was added and never started has no name.
  return members.find(({ name, peerURLs }) => name === node || (url !== undefined && peerURLs.includes(url)))
}

// All other members are wanted as they are: this resource removes one member and nothing else. Whether the number of members
// may be even was decided when cluster.yaml was read.
function planWithout(members: readonly StackedMember[], parameters: StackedMemberGoneParameters): MembershipPlan {
  const leaving = memberOfNode(members, parameters)
  const wanted = members.filter(member => member !== leaving).map(asWanted)
  return planMembership(members, wanted, { allowEven: true })
}

function asWanted({ id, name, peerURLs }: Member): WantedMember {
  return { id, name: name || id, peerURL: peerURLs[0] ?? id, data: 'present' }
}

function changeOf(plan: MembershipPlan, { node, putsBack }: StackedMemberGoneParameters): Change | undefined {
  if (plan.is === 'done') return undefined
  if (plan.is === 'step' && plan.step.do === 'remove') {
    const { step, before, after } = plan
    const field = { field: describeStep(step), before: describeQuorum(before), after: describeQuorum(after) }
    return { action: 'delete', fields: [field], note: 'after the leadership has moved to another member' }
  }
  if (plan.is === 'step')
    return { action: 'delete', fields: [], note: `when etcd has done this: ${describeStep(plan.step)}` }
  if (putsBack)
    return {
      action: 'delete',
      fields: [],
      note: 'if the members have a quorum when the static pods are back that were cut off',
    }
  return {
    action: 'delete',
    fields: [],
    refused: {
      problem: `${plan.problem} So ${node} cannot be removed.`,
      expected: plan.expected,
      actual: plan.actual,
      next: 'Get the other members running first, or let another control plane node join.',
    },
  }
}

function notNow(plan: MembershipPlan): string {
  if (plan.is === 'refused') return `${plan.problem} Expected: ${plan.expected}; actual: ${plan.actual}.`
  return plan.is === 'step'
    ? `Something else has to be done first: ${describeStep(plan.step)}.`
    : 'There is no such member.'
}
