import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../core/event.ts'
import { journalReading } from '../core/limits.ts'

/** The journal of an earlier run. */
export interface FormerJournal {
  /** Name of the run. */
  readonly run: string
  readonly path: string
  /** When it was last written to, ms since the epoch: the time in a name is local, and some hours come twice. */
  readonly endedAt: number
}

/** The journals of a cluster in a folder, which may not be there, but for that of the run `except`. */
export function journalsOf(folder: string, cluster: string, except: string): readonly FormerJournal[] {
  // A name begins with the time, and may end with a number.
  const isOfCluster = (run: string) => run !== except && run.slice('2026-11-28T10-15-03-'.length).startsWith(cluster)
  return namesIn(folder)
    .filter(isOfCluster)
    .flatMap(run => {
      const path = join(folder, run, 'events.ndjson')
      const endedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs
      return endedAt === undefined ? [] : [{ run, path, endedAt }]
    })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/**
 * The events of a journal but for what tasks have printed, as long as the budget lasts. A line that cannot be read is passed
 * over: the journal of a run that was killed ends in the middle of one.
 */
export function* eventsIn({ path }: FormerJournal, budget: { bytes: number }): Iterable<Event> {
  for (const line of linesOf(path, budget)) {
    const event = parsed(line)
    if (event !== undefined) yield event
  }
}

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
