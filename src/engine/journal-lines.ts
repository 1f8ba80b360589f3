import { closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../core/event.ts'
import { journalReading, localFileBytes } from '../core/limits.ts'
import { readLocalFile } from '../core/local-file.ts'
import { isAlive, thisMachine } from './controller.ts'

/** The journal of an earlier run. */
export interface FormerJournal {
  /** Name of the run. */
  readonly run: string
  readonly path: string
  /**
   * When it was last written to, ms since the epoch. The time in its name would not do, because it is local and some hours
   * occur twice.
   */
  readonly endedAt: number
}

/** The journals of a cluster in a folder, without that of the run `except`. A folder that does not exist has none. */
export function journalsOf(folder: string, cluster: string, except: string): readonly FormerJournal[] {
  // A name begins with the time, and may end with a number.
  const isOfCluster = (run: string) => run !== except && run.slice('2026-11-28T10-15-03-'.length).startsWith(cluster)
  return namesIn(folder)
    .filter(isOfCluster)
    .flatMap(run => {
      const path = join(folder, run, 'events.ndjson')
      const endedAt = endOf(path)
      return endedAt === undefined ? [] : [{ run, path, endedAt }]
    })
}

// Anything but a regular file in its place is no journal.
function endOf(path: string): number | undefined {
  try {
    const found = statSync(path)
    return found.isFile() ? found.mtimeMs : undefined
  } catch {
    return undefined
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** What is in the run.json of a run. */
export interface About {
  readonly command: string
  readonly version: string | undefined
  readonly cluster: string
  readonly file: string | undefined
  readonly sha256: string | undefined
  readonly pid: number
  /** The machine that its process runs on; see thisMachine(). */
  readonly machine: string
  readonly begun: string
  readonly ended?: string
  readonly outcome?: string
  /** Why later events are missing. */
  readonly incomplete?: string
}

/** Reads the run.json in the folder of a run. A damaged or missing file counts as empty. */
export function aboutIn(folder: string): Partial<About> {
  try {
    const about: unknown = JSON.parse(readLocalFile(join(folder, 'run.json'), localFileBytes.journal).toString())
    return (about ?? {}) as Partial<About>
  } catch {
    return {}
  }
}

/**
 * Whether a run may still write to its journal. Of a run on another machine that shares the home folder, only the beginning
 * is known: it counts as under way for 24 hours.
 */
export function isUnderWay(folder: string): boolean {
  const { ended, pid, machine, begun } = aboutIn(folder)
  if (ended !== undefined || typeof pid !== 'number' || machine === undefined) return false
  if (machine === thisMachine()) return isAlive(pid)
  return Date.now() - Date.parse(begun ?? '') < 24 * 60 * 60_000
}

/**
 * The events of a journal without the output of tasks, as long as the budget lasts. Lines that cannot be read are skipped: the
 * journal of a run that was killed may end in the middle of a line.
 */
export function* eventsIn({ path }: FormerJournal, budget: { bytes: number }): Iterable<Event> {
  for (const line of linesOf(path, budget)) {
    // The output of tasks makes a journal long and is not needed, so it uses up no budget.
    if (line.includes('"task:output"')) budget.bytes += Buffer.byteLength(line) + 1
    else {
      const event = parsed(line)
      if (event !== undefined) yield event
    }
  }
}

function parsed(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

// Checks the fields that readers use, because a file may contain anything.
function isEvent(value: unknown): value is Event {
  if (typeof value !== 'object' || value === null) return false
  const { at, type, host, task } = value as Readonly<Record<string, unknown>>
  const isText = (field: unknown) => typeof field === 'string'
  if (typeof at !== 'number' || typeof type !== 'string') return false
  return (host === undefined || isText(host)) && (isText(task) || !type.startsWith('task:'))
}

function* linesOf(path: string, budget: { bytes: number }): Iterable<string> {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
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
      // No event is that long.
      if (rest.length > journalReading.partBytes) rest = ''
    }
    yield rest
  } finally {
    closeSync(file)
  }
}
