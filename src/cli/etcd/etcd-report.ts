import { distributionOf } from '../../../distributions/index.ts'
import { memberQuestion } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { HostError } from '../../core/index.ts'
import { type EtcdHealth, memberCount } from '../status/etcd-health.ts'
import type { Asked, HealthProblem } from '../status/health-answer.ts'
import type { EtcdAnswers, MemberAnswer, MemberListed, MemberSaid } from './member-answer.ts'

/** One member of etcd. Sizes are in bytes; what is not known is left out. */
export interface MemberRow {
  /** Empty for a member that was added but has not started yet. */
  readonly name: string
  /** The host of the cluster file, or for an etcd that somebody else runs its endpoint; undefined: no host has it. */
  readonly host?: string
  /** Hexadecimal, as etcdctl prints it; empty where no member gave a list. */
  readonly id: string
  readonly health: Asked
  /** Whether it votes. */
  readonly role: 'voter' | 'learner'
  readonly leader: boolean
  readonly version?: string
  readonly size?: number
  readonly inUse?: number
  /** How many entries of the log of the others it has not applied yet. */
  readonly lag?: number
  readonly alarms: readonly string[]
}

/** The state of etcd, member by member. */
export interface EtcdReport extends Pick<EtcdHealth, 'total' | 'healthy' | 'survives'> {
  readonly members: readonly MemberRow[]
  readonly problems: readonly HealthProblem[]
  readonly notes: readonly HealthProblem[]
}

/** Entries of the log that a member may lag behind: one that is further behind than etcd keeps needs a snapshot. */
const mostLag = 5_000

/** From this size on it is worth a note that less than half of a database is in use, bytes. */
const worthDefrag = 256 * 1024 * 1024

/** A place where a member was asked: a host of the file, or an endpoint. */
interface Place {
  readonly where: string
  readonly answer: MemberAnswer
}

/** Combines the answers of the hosts. Pure. */
export function etcdReport(spec: ClusterSpec, answers: EtcdAnswers): EtcdReport {
  const places = placesOf(spec, answers)
  const isHealthy = ({ answer }: Place) => answer.health.state === 'ok'
  // The list of a member that has a quorum is the newest one.
  const list = [...places.filter(isHealthy), ...places].find(({ answer }) => answer.members !== undefined)?.answer
    .members
  const present = places.filter(({ answer }) => answer.health.state !== 'absent')
  const rows =
    list === undefined
      ? present.map(place => rowOf({ id: '', name: place.where, learner: false, clientURLs: [] }, place, places))
      : list.map(member => rowOf(member, placeOf(member, places), places))
  const voters = rows.filter(({ role }) => role === 'voter')
  const { total, healthy, survives } = memberCount(
    voters.length,
    voters.filter(({ health }) => health.state === 'ok').length,
  )
  const unlisted = list === undefined ? [] : present.filter(place => !list.some(one => placeOf(one, places) === place))
  return {
    total,
    healthy,
    ...(survives === undefined ? {} : { survives }),
    members: rows,
    problems: [
      ...rows.flatMap(row => memberProblems(row, spec.file)),
      ...unlisted.map(({ where, answer }) => ({
        where,
        problem: `no member of etcd that the others list runs there${saying(answer.health)}`,
      })),
      ...(total > 0 ? missingMembers(spec, places) : []),
      ...differingLists(places),
      ...(healthy > 0 && rows.every(({ leader }) => !leader)
        ? [{ where: 'etcd', problem: 'no member is the leader' }]
        : []),
    ],
    notes: rows.flatMap(row => memberNotes(row, spec.file)),
  }
}

function placesOf(spec: ClusterSpec, answers: EtcdAnswers): readonly Place[] {
  const unknown = (said: string): MemberAnswer => ({
    health: { state: 'unknown', said },
    members: undefined,
    said: undefined,
  })
  const { etcd } = spec
  if (etcd.topology === 'external' && !etcd.managed) {
    return etcd.endpoints.map((where, index) => {
      const all = [...answers.values()].flatMap(one =>
        one instanceof HostError ? [] : (one.endpoints.get(index) ?? []),
      )
      const answer = all.find(({ health }) => health.state === 'ok') ?? all[0]
      return { where, answer: answer ?? unknown('no control plane node has asked it') }
    })
  }
  return spec.hosts
    .filter(host => memberQuestion(spec, distributionOf(spec), host) !== undefined)
    .map(({ name }) => {
      const answer = answers.get(name)
      if (answer instanceof HostError) return { where: name, answer: unknown(answer.details.problem) }
      return { where: name, answer: answer?.own ?? unknown('it was not asked') }
    })
}

// The ID that a member tells of itself is certain. A member that does not answer is known by its name, or its URL.
function placeOf(member: MemberListed, places: readonly Place[]): Place | undefined {
  return (
    places.find(({ answer }) => answer.said?.id === member.id) ??
    places.find(
      ({ where, answer }) => answer.said === undefined && (where === member.name || member.clientURLs.includes(where)),
    )
  )
}

function rowOf(member: MemberListed, place: Place | undefined, places: readonly Place[]): MemberRow {
  const said = place?.answer.said
  const all = places.flatMap(({ answer }) => answer.said ?? [])
  const alarms = new Set(all.flatMap(one => one.alarms.filter(({ id }) => id === member.id).map(({ alarm }) => alarm)))
  return {
    name: member.name,
    ...(place === undefined ? {} : { host: place.where }),
    id: member.id,
    health: place?.answer.health ?? { state: 'unknown', said: 'no host of the cluster file has it' },
    role: member.learner ? 'learner' : 'voter',
    leader: said !== undefined && said.leader === said.id,
    ...(said === undefined ? {} : sizesOf(said, all)),
    alarms: [...alarms],
  }
}

function sizesOf(said: MemberSaid, all: readonly MemberSaid[]) {
  const newest = Math.max(...all.map(({ index }) => index))
  return { version: said.version, size: said.size, inUse: said.inUse, lag: Math.max(0, newest - said.applied) }
}

function memberProblems(
  { name, host, id, health, role, alarms, lag }: MemberRow,
  file: string,
): readonly HealthProblem[] {
  const where =
    host ?? (name === '' ? `the member ${id} of etcd, which has never started` : `the member ${name} of etcd`)
  const said: string[] = []
  if (host === undefined) said.push(`no host of ${file} has it, so it was not asked and counts as lost`)
  else if (health.state !== 'ok') said.push(`its member of etcd does not work${saying(health)}`)
  if (role === 'learner') said.push(`its member does not vote yet. To promote it: evcctl apply ${file}`)
  for (const alarm of alarms) said.push(alarmText(alarm, file))
  if (lag !== undefined && lag > mostLag) said.push(`its member has not applied the last ${lag} entries of the log`)
  return said.map(problem => ({ where, problem }))
}

function alarmText(alarm: string, file: string): string {
  if (alarm === 'NOSPACE')
    return `alarm NOSPACE: its database has reached its quota, and etcd takes no writes. Delete what is not needed, then: evcctl etcd defrag ${file}   and, on the host: etcdctl alarm disarm`
  if (alarm === 'CORRUPT')
    return 'alarm CORRUPT: its data differs from that of the others. It must not go on with it: replace this member'
  return `alarm ${alarm}`
}

function memberNotes({ host, name, size = 0, inUse = 0 }: MemberRow, file: string): readonly HealthProblem[] {
  if (size < worthDefrag || inUse * 2 > size) return []
  const problem = `less than half of its database is in use. To give the rest back to the disk: evcctl etcd defrag ${file}`
  return [{ where: host ?? name, problem }]
}

// External etcd hosts are no nodes, so nothing else shows that one is missing.
function missingMembers(spec: ClusterSpec, places: readonly Place[]): readonly HealthProblem[] {
  return places.flatMap(({ where, answer }) =>
    answer.health.state === 'absent'
      ? [{ where, problem: `its member of etcd is not set up. To make it: evcctl apply ${spec.file}` }]
      : [],
  )
}

// Members that know of different members belong to different clusters, or one of them is cut off from the others.
function differingLists(places: readonly Place[]): readonly HealthProblem[] {
  const lists = places.flatMap(({ where, answer }) =>
    answer.members === undefined
      ? []
      : [
          {
            where,
            ids: answer.members
              .map(({ id }) => id)
              .sort()
              .join(', '),
          },
        ],
  )
  const odd = lists.filter(({ ids }) => ids !== lists[0]?.ids)
  return odd.map(({ where, ids }) => ({
    where,
    problem: `its member lists other members than ${lists[0]!.where}: ${ids}, there: ${lists[0]!.ids}`,
  }))
}

function saying({ said }: Asked): string {
  return said === '' ? '' : `: ${said}`
}
