import type { ErrorDetails } from '../../core/error-details.ts'
import { ownValue } from '../../core/own-value.ts'
import type { Change, FieldChange, Resource } from '../../core/resource.ts'
import { describeQuorum, type Member, memberOf, type Route, routeOf } from '../../etcd/index.ts'
import { refuse } from '../support/index.ts'
import { type EtcdMemberState, memberProbe } from './member-state.ts'
import { createSteps, joinSteps, startSteps } from './member-steps.ts'
import { etcdPaths } from './paths.ts'
import { type EtcdDataByHost, type EtcdHost, endpointsFor, wantedLater } from './wanted.ts'

export interface EtcdMemberParameters {
  readonly name: string
  /** All desired members, this one included. */
  readonly members: readonly EtcdHost[]
  /** Tells a new cluster from others that might be reached at the same address. */
  readonly token: string
  readonly data: EtcdDataByHost
  readonly allowEven: boolean
}

export interface EtcdMemberDesired {
  readonly data: EtcdDataByHost
}

/**
 * The membership of one host. Where there is no cluster yet, all members start side by side; later ones join as learners
 * and are promoted, as planMembership() says. A member that has data is only started. The task does not wait until etcd is
 * healthy, because the first members can become healthy only together.
 */
export function etcdMember(parameters: EtcdMemberParameters): Resource<EtcdMemberState, EtcdMemberDesired> {
  const { name, members, token, data, allowEven } = parameters
  const own = members.find(host => host.name === name)
  if (own === undefined) throw new RangeError(`${name} is not among the members`)
  const others = members.filter(host => host !== own)
  return {
    kind: 'etcd member',
    name,
    probe: memberProbe(endpointsFor(members, name)),
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
      const has = desired.data as EtcdDataByHost
      if (current.cluster === 'answered')
        return joining(routeOf(current.members, wantedLater(members, name, has), { allowEven }), name, known)
      const formed = others.filter(host => ownValue(has, host.name) === 'formed')
      if (formed.length > 0 && current.cluster === 'silent') return refuse(dead(formed, members.length))
      const absent = others.filter(host => !Object.hasOwn(has, host.name))
      if (formed.length === 0 && absent.length > 0) return refuse(incomplete(absent))
      if (formed.length > 0) return { action: 'create', fields: [{ field: 'joins', after: 'as a learner' }] }
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
      // A run that was cut off has added the member already, so it only has to start. etcdRemoval() removes a member that ran
      // before and lost its data; otherwise etcd refuses to add its peer URL a second time.
      const isPending = known !== undefined && known.clientURLs.length === 0
      return joinSteps({ own, others, token, add: !isPending })
    },
    explain: failure => ({
      problem: `${name} could not become a member of etcd.`,
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'See more on the host: journalctl -u etcd -n 100 --no-pager',
    }),
  }
}

function joining({ steps, refused }: Route, name: string, known: Member | undefined): Change {
  const own = steps.filter(({ step }) => 'member' in step && step.member.name === name)
  const [first] = own
  // A member of a cluster that is still being created votes from its first start.
  const votes = first?.step.do === 'start' && known?.learner === false
  const promoted = votes ? first : own.find(({ step }) => step.do === 'promote')
  if (first === undefined || promoted === undefined) {
    const { problem = `${name} cannot become a member of etcd.`, expected, actual } = refused ?? {}
    const next = 'Get the other members running first: systemctl status etcd, and journalctl -u etcd, on their hosts.'
    return refuse({ problem, next, ...(expected && { expected }), ...(actual && { actual }) })
  }
  const fields = [{ field: 'joins', after: votes ? 'as a voting member' : 'as a learner, then votes' }]
  if (votes) return { action: 'create', fields, note: describeQuorum(first.before) }
  return { action: 'create', fields, note: `${describeQuorum(first.before)} → ${describeQuorum(promoted.after)}` }
}

function removed(name: string): ErrorDetails {
  return {
    problem: `The etcd data on this host belongs to a member that etcd has removed.`,
    expected: `a member of the cluster, or nothing in ${etcdPaths.data}`,
    actual: `${etcdPaths.data}/member is there, and no member has the peer URL of ${name}`,
    next: `If the data is not needed: systemctl stop etcd; rm -rf ${etcdPaths.data}/member on the host, then apply again.`,
  }
}

function dead(formed: readonly EtcdHost[], size: number): ErrorDetails {
  const names = formed.map(host => host.name).join(', ')
  return {
    problem: 'The external etcd does not answer, so nothing can join it.',
    expected: `at least ${Math.floor(size / 2) + 1} of ${size} members answer`,
    actual: `none answers; there is data on ${names}`,
    next: `Get them running first: systemctl status etcd, and journalctl -u etcd, on ${names}.`,
  }
}

function incomplete(absent: readonly EtcdHost[]): ErrorDetails {
  return {
    problem: 'All hosts of a new etcd cluster have to be reachable when it is created.',
    actual: `not reached: ${absent.map(host => host.name).join(', ')}`,
    next: 'Make them reachable, or remove them from cluster.yaml.',
  }
}
