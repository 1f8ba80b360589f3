import type { HostError, ProbeResult } from '../../core/index.ts'
import { type Asked, answeredObject, answerLines, etcdAsked } from '../status/health-answer.ts'

/** A member as another one, or itself, lists it. IDs are hexadecimal, as etcdctl prints them. */
export interface MemberListed {
  readonly id: string
  /** Empty for a member that was added but has not started yet. */
  readonly name: string
  readonly learner: boolean
  readonly clientURLs: readonly string[]
}

/** What a member says of itself. Sizes are in bytes. */
export interface MemberSaid {
  readonly id: string
  readonly version: string
  /** The ID of the leader that it knows; undefined: none. */
  readonly leader: string | undefined
  /** The database as a file, and the part of it that is in use. */
  readonly size: number
  readonly inUse: number
  /** The size at which etcd stops taking writes; undefined where it does not say (before 3.6). */
  readonly quota: number | undefined
  /** The revision of its data. */
  readonly revision: number
  /** The last entry of the log that it has, and the last that it has applied. */
  readonly index: number
  readonly applied: number
  /** Alarms of any member that it knows of: the member's ID, and e.g. `NOSPACE`. */
  readonly alarms: readonly { readonly id: string; readonly alarm: string }[]
}

/** One member, or one endpoint of an etcd that somebody else runs, as a host reached it. */
export interface MemberAnswer {
  readonly health: Asked
  readonly members: readonly MemberListed[] | undefined
  readonly said: MemberSaid | undefined
}

/** The answers of a host: that of its own member, or those of the endpoints by their index in the cluster file. */
export interface EtcdAnswer {
  readonly own: MemberAnswer
  readonly endpoints: ReadonlyMap<number, MemberAnswer>
}

/** The answer of each host that was asked, or the error if it gave none. */
export type EtcdAnswers = ReadonlyMap<string, EtcdAnswer | HostError>

const mostMembers = 100

/** Parses the output of etcdScript. It never throws, whatever a host printed. */
export function readEtcdAnswer(raw: ProbeResult): EtcdAnswer {
  const lines = answerLines(raw)
  const unasked: Asked | undefined = lines.has('curl')
    ? { state: 'unknown', said: 'curl is not installed there' }
    : undefined
  const read = (health: string, members: string, member: string): MemberAnswer => ({
    health: unasked ?? etcdAsked(lines.get(health)),
    members: membersIn(answeredObject(lines.get(members))),
    said: saidIn(answeredObject(lines.get(member))),
  })
  const endpoints = [...lines.keys()].flatMap(name => {
    const [, number] = /^endpoint(\d{1,3})$/.exec(name) ?? []
    return number === undefined ? [] : [[Number(number), read(name, `members${number}`, `member${number}`)] as const]
  })
  return { own: read('etcd', 'members', 'member'), endpoints: new Map(endpoints) }
}

type Said = Readonly<Record<string, unknown>>

function membersIn(answer: Said | undefined): readonly MemberListed[] | undefined {
  const list = answer?.members
  if (!Array.isArray(list) || list.length === 0 || list.length > mostMembers) return undefined
  const members = list.flatMap((one: unknown) => {
    const { ID, name, isLearner, clientURLs } = objectOr(one)
    const id = idOf(ID)
    if (id === undefined) return []
    const urls = Array.isArray(clientURLs) ? clientURLs.slice(0, 10).map(textOf) : []
    return [{ id, name: textOf(name), learner: isLearner === true, clientURLs: urls }]
  })
  return members.length === list.length ? members : undefined
}

// The JSON of etcd has 64 bit numbers as texts, and leaves out zeros.
function saidIn(answer: Said | undefined): MemberSaid | undefined {
  const id = idOf(objectOr(answer?.header).member_id)
  if (answer === undefined || id === undefined) return undefined
  const { version, leader, dbSize, dbSizeInUse, dbSizeQuota, raftIndex, raftAppliedIndex, errors } = answer
  const alarms = Array.isArray(errors) ? errors.slice(0, mostMembers).flatMap(alarmIn) : []
  return {
    id,
    version: textOf(version),
    leader: idOf(leader),
    size: numberOf(dbSize),
    inUse: numberOf(dbSizeInUse),
    quota: numberOf(dbSizeQuota) || undefined,
    revision: numberOf(objectOr(answer.header).revision),
    index: numberOf(raftIndex),
    applied: numberOf(raftAppliedIndex),
    alarms,
  }
}

// `memberID:10276657743932975437 alarm:NOSPACE `
function alarmIn(error: unknown): MemberSaid['alarms'] {
  const [, number, alarm = ''] = /memberID:(\d{1,20})\s+alarm:([A-Z]{1,40})/.exec(textOf(error)) ?? []
  const id = idOf(number)
  return id === undefined ? [] : [{ id, alarm }]
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) && !/^0+$/.test(value)
    ? BigInt(value).toString(16)
    : undefined
}

function numberOf(value: unknown): number {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : 0
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= 253 ? value : ''
}

function objectOr(value: unknown): Said {
  return typeof value === 'object' && value !== null ? (value as Said) : {}
}
