import { dirname } from 'node:path'
import type { Event } from '../core/event.ts'
import { journalReading } from '../core/limits.ts'
import type { TaskId } from '../core/task-id.ts'
import { type About, aboutIn, eventsIn, isUnderWay, journalsOf } from './journal-lines.ts'

/** What the journal tells of the last run of apply that wrote to hosts, if it did not end well. */
export interface UnfinishedRun {
  /** Name of the run. */
  readonly run: string
  /** `killed`: nothing says how it ended. `under way`: its process is still there. */
  readonly ended: 'killed' | 'stopped' | 'failed' | 'under way'
  /** sha256 of the cluster file that it was given; undefined if that is not known. */
  readonly fileSha256: string | undefined
  /** The tasks that were done, and verified by their own probe. */
  readonly proven: readonly TaskId[]
  /** The tasks whose steps were sent, and that have failed or whose outcome nobody was told. */
  readonly unproven: readonly TaskId[]
  /** The tasks that it was to change, and did not begin. */
  readonly notBegun: readonly TaskId[]
}

interface Question {
  /** The folder of journals of apply; see journalFolder(). */
  readonly folder: string
  readonly cluster: string
  /** Name of the run that asks. */
  readonly except: string
}

/**
 * Finds the last run of apply that has begun to write. Undefined if it ended well, or if there is none: the hosts have what it was to
 * do, as far as this machine knows. It knows only the journals of this machine.
 */
export function unfinishedRun({ folder, cluster, except }: Question): UnfinishedRun | undefined {
  const newestFirst = journalsOf(folder, cluster, except).toSorted((a, b) => b.endedAt - a.endedAt)
  for (const journal of newestFirst) {
    const place = dirname(journal.path)
    const about = aboutIn(place)
    if (about.command !== 'apply' || about.cluster !== cluster) continue
    const told = toldIn(eventsIn(journal, { bytes: journalReading.bytes }))
    if (!told.wrote) continue
    if (about.outcome === 'ok') return undefined
    const { sha256 } = about
    return {
      run: journal.run,
      ended: endOf(place, about),
      fileSha256: typeof sha256 === 'string' ? sha256 : undefined,
      proven: [...told.proven],
      unproven: [...told.sent].filter(id => !told.proven.has(id)),
      notBegun: [...told.planned].filter(id => !told.sent.has(id) && !told.proven.has(id)),
    }
  }
  return undefined
}

function endOf(folder: string, { ended, outcome }: Partial<About>): UnfinishedRun['ended'] {
  if (ended === undefined) return isUnderWay(folder) ? 'under way' : 'killed'
  return outcome === 'cancelled' ? 'stopped' : 'failed'
}

function toldIn(events: Iterable<Event>) {
  const planned = new Set<TaskId>()
  const sent = new Set<TaskId>()
  const proven = new Set<TaskId>()
  let wrote = false
  for (const event of events) {
    if (event.type === 'apply:start') wrote = true
    else if (event.type === 'host:planned') {
      // A file may contain anything.
      const tasks: readonly unknown[] = Array.isArray(event.tasks) ? event.tasks : []
      for (const id of tasks) if (typeof id === 'string') planned.add(id as TaskId)
    } else if (event.type === 'task:queued' || event.type === 'task:start') sent.add(event.task)
    else if (event.type === 'task:end') {
      if (event.result === 'changed') proven.add(event.task)
      // It was to be changed if others did, and they did not.
      else if (event.result === 'in desired state') planned.delete(event.task)
    }
  }
  return { planned, sent, proven, wrote }
}
