import type { ErrorDetails } from '../core/errors.ts'
import { isUnknown, type Output } from '../core/output.ts'
import type { Change, FieldChange, Resource } from '../core/resource.ts'
import {
  describeQuorum,
  describeStep,
  type MembershipPlan,
  memberOf,
  planMembership,
  quorumOf,
  type WantedMember,
} from '../etcd/index.ts'
import type { EtcdData } from './etcd-data.ts'
import { type EtcdMemberState, memberScript, parseMember } from './etcd-member-state.ts'
import { createSteps, joinSteps, startSteps } from './etcd-member-steps.ts'
import { etcdPaths } from './etcd-paths.ts'

/** A host that is to be a member, as all of them see it. */
export interface EtcdHost {
  readonly name: string
  readonly peerURL: string
  readonly clientURL: string
}

export interface EtcdMemberParameters {
  readonly name: string
  /** All wanted members, this one too. */
  readonly members: readonly EtcdHost[]
  /** Tells new clusters apart from others that might be reached by the same address. */
  readonly token: string
  /** What each of the hosts that answered has, by name. */
  readonly data: Output<Readonly<Record<string, EtcdData>>>
  readonly allowEven: boolean
}

export interface EtcdMemberDesired {
  readonly data: Readonly<Record<string, EtcdData>>
}

/**
 * The membership of one host. Where there is no cluster yet, all members start side by side; later ones join as
 * learners and are promoted, as planMembership() says. A member that has data is only started. It does not wait until
 * etcd is healthy: the first members can only become so together.
 */
export function etcdMember(parameters: EtcdMemberParameters): Resource<EtcdMemberState, EtcdMemberDesired> {
  const { name, members, token, data, allowEven } = parameters
  const own = members.find(host => host.name === name)
  if (own === undefined) throw new RangeError(`${name} is not among the members`)
  const others = members.filter(host => host !== own)
  return {
    kind: 'etcd member',
    name,
    probe: { script: memberScript([...others, own].map(host => host.clientURL)), parse: parseMember },
    desired: { data },
    diff(current, desired): Change | undefined {
      const known = memberOf({ ...own, data: 'present' }, current.members)
      if (current.hasData) {
        if (current.cluster === 'answered' && known === undefined) return refuse(removed(name))
        const fields: FieldChange[] = []
        if (current.stopped) fields.push({ field: 'state', before: 'stopped', after: 'started' })
        if (known?.learner === true) fields.push({ field: 'vote', before: 'learner', after: 'voting member' })
        return fields.length === 0 ? undefined : { action: 'update', fields }
      }
      if (current.cluster === 'answered') {
        if (isUnknown(desired.data)) return { action: 'create', fields: [{ field: 'state', after: desired.data }] }
        const plan = planMembership(current.members, wantedOf(members, name, desired.data), { allowEven })
        return joining(plan, current)
      }
      if (!isUnknown(desired.data)) {
        const formed = others.filter(host => (desired.data as EtcdMemberDesired['data'])[host.name] === 'formed')
        if (formed.length > 0 && current.cluster === 'silent') return refuse(dead(formed, members.length))
        const absent = others.filter(host => !(host.name in (desired.data as EtcdMemberDesired['data'])))
        if (formed.length === 0 && absent.length > 0) return refuse(incomplete(absent))
        if (formed.length > 0) return { action: 'create', fields: [{ field: 'joins', after: 'as a learner' }] }
      }
      return {
        action: 'create',
        fields: [{ field: 'new cluster of', after: members.map(host => host.name).join(', ') }],
      }
    },
    converge(current) {
      const known = memberOf({ ...own, data: 'present' }, current.members)
      if (current.hasData) {
        const learner = known?.learner === true && current.cluster === 'answered' ? [known.id] : []
        return startSteps({ own, others, promote: learner[0] })
      }
      if (current.cluster !== 'answered') return createSteps({ own, members, token })
      // Added already, by a run that was cut off: it only has to start. One that ran before and lost its data is replaced.
      const isPending = known !== undefined && known.clientURLs.length === 0
      const lost = known !== undefined && !isPending ? [known.id] : []
      return joinSteps({ own, others, token, remove: lost, add: !isPending })
    },
    explain: failure => ({
      problem: `${name} could not become a member of etcd.`,
      came: failure.stderr.trim() || failure.stdout.trim(),
      next: 'See more on the host: journalctl -u etcd -n 100 --no-pager',
    }),
  }
}

/** What the planner has to know of the hosts. Of one that was not asked it is not known what it has. */
export function wantedOf(
  members: readonly EtcdHost[],
  self: string,
  data: Readonly<Record<string, EtcdData>>,
): readonly WantedMember[] {
  const stateOf = (host: EtcdHost): WantedMember['data'] => {
    const known = data[host.name]
    if (known === undefined) return 'unreachable'
    return known === 'none' ? 'empty' : 'present'
  }
  // This host first: what is planned then is about it, if nothing else has to be done before.
  return [...members]
    .sort((a, b) => Number(b.name === self) - Number(a.name === self))
    .map(host => ({ name: host.name, peerURL: host.peerURL, data: stateOf(host) }))
}

function joining(plan: MembershipPlan, current: EtcdMemberState): Change {
  if (plan.is === 'refused') {
    const { problem, expected, came } = plan
    const next = 'Bring the other members back first: systemctl status etcd, and journalctl -u etcd, on their hosts.'
    return refuse({ problem, expected, came, next })
  }
  const fields = [{ field: 'joins', after: 'as a learner, then votes' }]
  const first = plan.is === 'step' ? `${describeStep(plan.step)}; ` : ''
  return { action: 'create', fields, note: `${first}${describeQuorum(quorumOf(current.members))}` }
}

function refuse(refused: ErrorDetails): Change {
  return { action: 'run', fields: [], refused }
}

function removed(name: string): ErrorDetails {
  return {
    problem: `The data on this host is that of a member that etcd has removed.`,
    expected: `a member of the cluster, or nothing in ${etcdPaths.data}`,
    came: `${etcdPaths.data}/member is there, and no member has the peer URL of ${name}`,
    next: `If the data is not needed: systemctl stop etcd; rm -rf ${etcdPaths.data}/member on the host, then apply again.`,
  }
}

function dead(formed: readonly EtcdHost[], size: number): ErrorDetails {
  const names = formed.map(host => host.name).join(', ')
  return {
    problem: 'The external etcd does not answer, so nothing can join it.',
    expected: `at least ${Math.floor(size / 2) + 1} of ${size} members answer`,
    came: `none answers; there is data on ${names}`,
    next: `Bring them back first: systemctl status etcd, and journalctl -u etcd, on ${names}.`,
  }
}

function incomplete(absent: readonly EtcdHost[]): ErrorDetails {
  return {
    problem: 'A new etcd cluster needs all of its hosts at the beginning.',
    came: `not reached: ${absent.map(host => host.name).join(', ')}`,
    next: 'Make them reachable, or take them out of cluster.yaml.',
  }
}
