import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../core/event.ts'
import { localFileBytes } from '../core/limits.ts'
import { readLocalFile } from '../core/local-file.ts'

/** How many journals of a cluster are looked into, the newest first. */
const mostJournals = 30

export interface LossQuestion {
  readonly cluster: string
  /** Hosts that do not answer now. */
  readonly hosts: readonly string[]
  /** Folders of journals; see journalFolder(). One that is not there is empty. */
  readonly folders: readonly string[]
  /** Name of the run that asks: its own journal says nothing yet. */
  readonly except: string
}

/**
 * The hosts that fell silent while a run of this machine was writing to them and that no run has reached since, with the name
 * of that run. Journals of other machines are not known, nor what was pruned. What cannot be read of them is passed over.
 */
export function lostWhileWritten({ cluster, hosts, folders, except }: LossQuestion): ReadonlyMap<string, string> {
  const open = new Set(hosts)
  const lost = new Map<string, string>()
  let looked = 0
  for (const { run, path } of journalsOf(folders)) {
    if (open.size === 0 || looked === mostJournals) break
    // A name begins with the time, and may end with a number.
    if (run === except || !run.slice('2026-11-28T10-15-03-'.length).startsWith(cluster)) continue
    const events = eventsOf(path)
    if (!events.some(event => event.type === 'run:start' && event.cluster === cluster)) continue
    looked++
    const seen = seenIn(events)
    for (const host of open) {
      const state = seen.get(host)
      if (state === undefined) continue
      open.delete(host)
      // Of steps without an end nothing is known: the run was killed, or gave the host up.
      if (state.written && (state.failed || state.running.size > 0)) lost.set(host, run)
    }
  }
  return lost
}

function journalsOf(folders: readonly string[]): readonly { readonly run: string; readonly path: string }[] {
  return folders
    .flatMap(folder => namesIn(folder).map(run => ({ run, path: join(folder, run, 'events.ndjson') })))
    .sort((one, other) => (one.run < other.run ? 1 : -1))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function eventsOf(path: string): readonly Event[] {
  try {
    const lines = readLocalFile(path, localFileBytes.events).toString().split('\n')
    // The last line of a run that was killed may be cut off.
    return lines
      .filter(line => line.endsWith('}') && !line.includes('"task:output"'))
      .map(line => JSON.parse(line) as Event)
  } catch {
    return []
  }
}

interface Seen {
  /** Whether steps began on it. */
  written: boolean
  /** Whether it was given up, and not reached again. */
  failed: boolean
  readonly running: Set<string>
}

/** What became of the hosts that a run has reached. */
function seenIn(events: readonly Event[]): ReadonlyMap<string, Seen> {
  const hosts = new Map<string, Seen>()
  for (const event of events) {
    if (!('host' in event) || event.host === undefined) continue
    if (event.type === 'host:connected' && !hosts.has(event.host))
      hosts.set(event.host, { written: false, failed: false, running: new Set() })
    const seen = hosts.get(event.host)
    if (seen === undefined) continue
    if (event.type === 'host:connected') seen.failed = false
    else if (event.type === 'host:failed') seen.failed = true
    else if (event.type === 'task:start') {
      seen.written = true
      seen.running.add(event.task)
    } else if (event.type === 'task:end') seen.running.delete(event.task)
  }
  return hosts
}
