import type { Change, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { parseUnit, systemdUnit, type UnitDesired, type UnitState, unitQuestions } from '../systemd/index.ts'
import { type EtcdMemberState, memberSurvey, parseMember } from './member-state.ts'
import { etcdPaths, etcdUnit } from './paths.ts'
import { costsQuorum, costsQuorumMark, guardScript, memberWorks, restartOutlook } from './restart.ts'
import { type EtcdDataByHost, type EtcdHost, endpointsFor, wantedLater } from './wanted.ts'

export interface EtcdServiceParameters {
  readonly name: string
  /** All desired members, this one included. */
  readonly members: readonly EtcdHost[]
  readonly data: EtcdDataByHost
}

export interface EtcdServiceState {
  readonly unit: UnitState
  readonly etcd: EtcdMemberState
}

const { pki, server, environment, unitFile } = etcdPaths
const watches = [server, unitFile, environment, `${pki}/ca.crt`]
/**
 * The files that a member gets back when it is not healthy with new ones. The data is not among them, and neither is the
 * program: an etcd that has begun to write in a new format cannot go back.
 */
export const keptEtcd = [{ unit: etcdUnit, files: [unitFile, environment], watches }]

/**
 * The systemd unit of a member. A healthy member is restarted only while the others have a quorum without it, and gets its
 * former unit file and settings back when it is not healthy with new ones.
 */
export function etcdService({ name, members, data }: EtcdServiceParameters): Resource<EtcdServiceState, UnitDesired> {
  const own = members.find(host => host.name === name)
  if (own === undefined) throw new RangeError(`${name} is not among the members`)
  const unit = systemdUnit({
    unit: etcdUnit,
    state: 'running',
    enabled: true,
    watches,
    // systemd waits 180 s for a start (TimeoutStartSec), and again for one with the former files.
    wait: 390_000,
    trial: { kept: keptEtcd, proof: { serves: memberWorks(own.clientURL) } },
    beforeRestart: guardScript(own),
  })
  return {
    kind: unit.kind,
    name: etcdUnit,
    title: etcdUnit,
    desired: unit.desired,
    probe: surveyProbe({
      asks: [...unitQuestions(etcdUnit, watches), { survey: memberSurvey, subjects: endpointsFor(members, name) }],
      parse: raw => ({ unit: parseUnit(raw, etcdUnit, watches), etcd: parseMember(raw) }),
    }),
    diff(current, desired, context): Change | undefined {
      const change = unit.diff(current.unit, desired, context)
      if (change?.action !== 'restart') return change
      const { refused, waitsFor } = restartOutlook(own, wantedLater(members, name, data), current.etcd.members)
      if (refused !== undefined) return { ...change, refused }
      return waitsFor === undefined ? change : { ...change, note: `when ${waitsFor} answers again` }
    },
    converge: (current, desired) => unit.converge(current.unit, desired),
    removal: {
      left: ({ unit: state }) => unit.removal!.left(state),
      steps: ({ unit: state }) => unit.removal!.steps(state),
    },
    explain(failure, desired) {
      const [, reason] = failure.stderr.split(costsQuorumMark)
      return reason === undefined ? unit.explain?.(failure, desired) : costsQuorum(name, reason.trim())
    },
  }
}
