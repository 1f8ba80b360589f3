import type { Event } from '../core/event.ts'
import type { TaskId } from '../core/task-id.ts'
import { eventsIn, type FormerJournal } from './journal-lines.ts'

/** What journals tell about a host. Times are in ms since the epoch, by the clock of this machine. */
export interface HostHistory {
  /** When it last answered, in a run that had read all hosts. */
  readonly readAt?: number
  /** When it last fell silent while a run wrote to it. */
  readonly lost?: Loss
}

export interface Loss {
  readonly at: number
  /** Name of the run that wrote to it. */
  readonly run: string
  /** The hosts that got everything that this run sent to the lost one, and reported all of it as changed. */
  readonly proven: readonly string[]
}

/** What one journal tells about each host that its run has reached. */
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
  /** When it last answered; undefined if the run did not read all hosts. */
  readAt: number | undefined
  /** When steps were last sent to it, or it was given up after that. */
  writtenAt: number | undefined
  /** When the run had its last event. */
  endedAt: number
  /** Whether it was given up, and not reached again. */
  failed: boolean
  /** Kind and name of each task whose steps it was sent. */
  readonly sent: Set<string>
  /** Those of them that it reported as changed. */
  readonly changed: Set<string>
  /** Tasks whose outcome the host has not reported: the run was killed or stopped, or the host fell silent. */
  readonly pending: Set<TaskId>
}

function timesOf(seen: Seen): { readonly lostAt?: number; readonly readAt?: number } {
  const { readAt, writtenAt, endedAt, failed, pending } = seen
  // Nobody knows when a pending task failed; it may have been at the end of the run.
  if (writtenAt !== undefined && pending.size > 0) return { lostAt: Math.max(writtenAt, endedAt) }
  if (writtenAt !== undefined && failed) return { lostAt: writtenAt }
  // A host that answered for a moment and then fell silent proves nothing about an earlier loss.
  const toldAt = Math.max(readAt ?? 0, writtenAt ?? 0)
  return failed || toldAt === 0 ? {} : { readAt: toldAt }
}

function provenIn(seen: ReadonlyMap<string, Seen>, lost: Seen): readonly string[] {
  const sent = [...lost.sent]
  const isWell = ({ changed }: Seen) => sent.every(what => changed.has(what))
  return [...seen].filter(([, one]) => isWell(one)).map(([host]) => host)
}

/** The state of each host that a run has reached, at the end of its journal. */
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
    if (seen !== undefined) record(seen, host, event)
  }
  // If the run ended before all hosts were read, nobody knows which of them hung.
  if (!isRead) for (const seen of hosts.values()) seen.readAt = undefined
  for (const seen of hosts.values()) seen.endedAt = endedAt
  return hosts
}

function unseen(): Seen {
  const sets = { sent: new Set<string>(), changed: new Set<string>(), pending: new Set<TaskId>() }
  return { readAt: undefined, writtenAt: undefined, endedAt: 0, failed: false, ...sets }
}

function record(seen: Seen, host: string, event: Event): void {
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
