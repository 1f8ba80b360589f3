import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../core/event.ts'
import { journalReading } from '../core/limits.ts'

export interface LossQuestion {
  readonly cluster: string
  /** Hosts that do not answer now. */
  readonly hosts: readonly string[]
  /** Folders of the journals of applies and of plans; see journalFolder(). One that is not there is empty. */
  readonly applies: string
  readonly plans: string
  /** Name of the run that asks: its own journal says nothing yet. */
  readonly except: string
}

/**
 * The hosts that fell silent while a run of this machine was writing to them and that no run has read whole since. Journals of other machines are not known, nor what was pruned. A line that cannot be read is passed over: the
 * journal of a run that was killed ends in the middle of one.
 */
export function lostWhileWritten({
  cluster,
  hosts,
  applies,
  plans,
  except,
}: LossQuestion): ReadonlyMap<string, LostHost> {
  const open = new Set(hosts)
  const lost = new Map<string, Journal & LostHost>()
  const budget = { bytes: journalReading.bytes }
  for (const journal of newestFirst(applies, cluster, except)) {
    if (open.size === 0) break
    const hostsSeen = seenIn(journal, cluster, budget)
    const changed = new Set([...hostsSeen].filter(([, seen]) => seen.changed).map(([host]) => host))
    for (const [host, { written, failed, pending }] of hostsSeen) {
      // It answered for a moment, and nothing was sent to it: that says nothing of what was before.
      if (failed && !written) continue
      if (open.delete(host) && written && (failed || pending.size > 0)) lost.set(host, { ...journal, changed })
    }
  }
  // Plans write nothing, and there may be one a minute.
  for (const journal of newestFirst(plans, cluster, except)) {
    const before = [...lost].filter(([, { endedAt }]) => endedAt < journal.endedAt)
    if (before.length === 0) break
    const seen = seenIn(journal, cluster, budget)
    for (const [host] of before) if (seen.get(host)?.failed === false) lost.delete(host)
  }
  return lost
}

/** A host that fell silent while it was written to. */
export interface LostHost {
  /** Name of the run that wrote to it. */
  readonly run: string
  /** The hosts that this run has changed, and that told so: what is new is on them. */
  readonly changed: ReadonlySet<string>
}

interface Journal {
  readonly run: string
  readonly path: string
  /** When it was last written to, ms since the epoch: the time in a name is local, and some hours come twice. */
  readonly endedAt: number
}

function newestFirst(folder: string, cluster: string, except: string): readonly Journal[] {
  // A name begins with the time, and may end with a number.
  const isOfCluster = (run: string) => run !== except && run.slice('2026-11-28T10-15-03-'.length).startsWith(cluster)
  return namesIn(folder)
    .filter(isOfCluster)
    .flatMap(run => {
      const path = join(folder, run, 'events.ndjson')
      const endedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs
      return endedAt === undefined ? [] : [{ run, path, endedAt }]
    })
    .sort((one, other) => other.endedAt - one.endedAt)
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

interface Seen {
  /** Whether steps were sent to it. */
  written: boolean
  /** Whether it told that something was changed. */
  changed: boolean
  /** Whether it was given up, and not reached again. */
  failed: boolean
  /** Tasks of which it was sent steps and has not told what came of them: the run was killed or stopped, or it said no more. */
  readonly pending: Set<string>
}

/** What became of the hosts that a run has reached. */
function seenIn({ path }: Journal, cluster: string, budget: { bytes: number }): ReadonlyMap<string, Seen> {
  const hosts = new Map<string, Seen>()
  for (const line of linesOf(path, budget)) {
    const event = parsed(line)
    if (event?.type === 'run:start' && event.cluster !== cluster) return new Map()
    const host = event === undefined ? undefined : hostOf(event)
    if (event === undefined || host === undefined) continue
    if (event.type === 'host:connected' && !hosts.has(host))
      hosts.set(host, { written: false, changed: false, failed: false, pending: new Set() })
    const seen = hosts.get(host)
    if (seen === undefined) continue
    if (event.type === 'host:connected') seen.failed = false
    else if (event.type === 'host:failed') seen.failed = true
    else if (event.type === 'task:queued' || event.type === 'task:start') {
      seen.written = true
      seen.pending.add(event.task)
    } else if (event.type === 'task:end' && isTold(event)) {
      seen.pending.delete(event.task)
      seen.changed ||= event.result === 'changed'
    }
  }
  return hosts
}

function hostOf(event: Event): string | undefined {
  // host/role/kind:name
  if (event.type === 'task:queued') return event.task.slice(0, event.task.indexOf('/'))
  return 'host' in event ? event.host : undefined
}

// What failed because no answer came took no time.
function isTold({ result, ms }: Extract<Event, { readonly type: 'task:end' }>): boolean {
  return result === 'changed' || result === 'in desired state' || (result === 'failed' && ms > 0)
}

// What tasks print is most of a journal, and says nothing here.
function parsed(line: string): Event | undefined {
  if (line.includes('"task:output"')) return undefined
  try {
    return JSON.parse(line) as Event
  } catch {
    return undefined
  }
}

function* linesOf(path: string, budget: { bytes: number }): Iterable<string> {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return
  }
  try {
    const part = Buffer.alloc(journalReading.partBytes)
    let rest = ''
    for (;;) {
      const length = readSync(file, part, 0, part.length, null)
      budget.bytes -= length
      if (length === 0 || budget.bytes < 0) break
      const lines = (rest + part.toString('utf8', 0, length)).split('\n')
      rest = lines.pop()!
      yield* lines
      // Events are shorter than that.
      if (rest.length > journalReading.partBytes) rest = ''
    }
    yield rest
  } finally {
    closeSync(file)
  }
}
