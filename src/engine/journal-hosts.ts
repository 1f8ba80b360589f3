import type { Event } from '../core/event.ts'
import type { TaskId } from '../core/task-id.ts'
import { eventsIn, type FormerJournal } from './journal-lines.ts'

/** What is known of a host from journals. Times are in ms since the epoch, by the clock of this machine. */
export interface HostHistory {
  /** When it last told something while hosts were being read. */
  readonly readAt?: number
  /** When it last fell silent while it was written to. */
  readonly lost?: Loss
}

export interface Loss {
  readonly at: number
  /** Name of the run that wrote to it. */
  readonly run: string
  /** The hosts that this run has changed in all that it sent to the lost one, and that told so. */
  readonly proven: readonly string[]
}

/** What became of the hosts that a run has reached. */
export function historiesIn(
  journal: FormerJournal,
  cluster: string,
  budget: { bytes: number },
): ReadonlyMap<string, HostHistory> {
  const seen = seenIn(journal, cluster, budget)
  const histories = [...seen].map(([host, one]): [string, HostHistory] => {
    const { lostAt, readAt } = timesOf(one)
    const lost = lostAt === undefined ? {} : { lost: { at: lostAt, run: journal.run, proven: provenIn(seen, one) } }
    return [host, { ...lost, ...(readAt === undefined ? {} : { readAt }) }]
  })
  return new Map(histories)
}

interface Seen {
  /** When it last told something while hosts were being read; undefined where that was not done. */
  readAt: number | undefined
  /** When steps were last sent to it, or it was given up after that. */
  writtenAt: number | undefined
  /** When the run told its last event. */
  endedAt: number
  /** Whether it was given up, and not reached again. */
  failed: boolean
  /** What it was sent, without the host. */
  readonly sent: Set<string>
  /** Of these what it told to be changed. */
  readonly changed: Set<string>
  /** Tasks whose outcome the host has not reported: the run was killed or stopped, or the host fell silent. */
  readonly pending: Set<TaskId>
}

function timesOf(seen: Seen): { readonly lostAt?: number; readonly readAt?: number } {
  const { readAt, writtenAt, endedAt, failed, pending } = seen
  // Of what is pending nobody knows when it went wrong: until the end of the run.
  if (writtenAt !== undefined && pending.size > 0) return { lostAt: Math.max(writtenAt, endedAt) }
  if (writtenAt !== undefined && failed) return { lostAt: writtenAt }
  // One that answered for a moment, and then no more, says nothing of what was before.
  const toldAt = Math.max(readAt ?? 0, writtenAt ?? 0)
  return failed || toldAt === 0 ? {} : { readAt: toldAt }
}

function provenIn(seen: ReadonlyMap<string, Seen>, lost: Seen): readonly string[] {
  const sent = [...lost.sent]
  const isWell = ({ changed }: Seen) => sent.every(what => changed.has(what))
  return [...seen].filter(([, one]) => isWell(one)).map(([host]) => host)
}

/** What became of the hosts that a run has reached. */
function seenIn(journal: FormerJournal, cluster: string, budget: { bytes: number }): ReadonlyMap<string, Seen> {
  const hosts = new Map<string, Seen>()
  let isRead = false
  let endedAt = 0
  for (const event of eventsIn(journal, budget)) {
    endedAt = event.at
    if (event.type === 'run:start' && event.cluster !== cluster) return new Map()
    if (event.type === 'plan:ready') isRead = true
    const host = hostOf(event)
    if (host === undefined) continue
    if (event.type === 'host:connected' && !hosts.has(host)) hosts.set(host, unseen())
    const seen = hosts.get(host)
    if (seen !== undefined) note(seen, host, event)
  }
  // Where the run ended before all were read, nobody knows which of them hung.
  if (!isRead) for (const seen of hosts.values()) seen.readAt = undefined
  for (const seen of hosts.values()) seen.endedAt = endedAt
  return hosts
}

function unseen(): Seen {
  const sets = { sent: new Set<string>(), changed: new Set<string>(), pending: new Set<TaskId>() }
  return { readAt: undefined, writtenAt: undefined, endedAt: 0, failed: false, ...sets }
}

function note(seen: Seen, host: string, event: Event): void {
  if (event.type === 'host:connected') seen.failed = false
  else if (event.type === 'host:failed') {
    seen.failed = true
    if (seen.writtenAt !== undefined) seen.writtenAt = event.at
  } else if (event.type === 'exchange' && event.failed !== true) seen.readAt = event.at
  else if (event.type === 'task:queued' || event.type === 'task:start') {
    seen.writtenAt = event.at
    seen.pending.add(event.task)
    seen.sent.add(whatOf(event.task, host))
  } else if (event.type === 'task:end' && isTold(event)) {
    seen.readAt = event.at
    seen.pending.delete(event.task)
    if (event.result === 'changed') seen.changed.add(whatOf(event.task, host))
  }
}

function hostOf(event: Event): string | undefined {
  // Earlier versions recorded only the id here, which begins with the host in all versions.
  if (event.type === 'task:queued') return event.task.slice(0, event.task.indexOf('/'))
  return 'host' in event ? event.host : undefined
}

// Kind and name. Ids of earlier versions have the role before the kind (host/role/kind:name): hosts may have the same thing
// in different roles. Some things bear the name of their host.
function whatOf(task: TaskId, host: string): string {
  const what = task.slice(host.length + 1).replace(/^[^/:]*\//, '')
  return what.endsWith(`:${host}`) ? what.slice(0, -host.length) : what
}

// A task that failed because no answer arrived has a duration of 0.
function isTold({ result, ms }: Extract<Event, { readonly type: 'task:end' }>): boolean {
  return result === 'changed' || result === 'in desired state' || (result === 'failed' && ms > 0)
}
