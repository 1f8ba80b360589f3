import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { journalReading, localFileBytes } from '../core/limits.ts'
import { readLocalFile } from '../core/local-file.ts'
import { type HostHistory, historiesIn, type Loss } from './journal-hosts.ts'
import { isUnderWay, journalsOf } from './journal-lines.ts'

/** What the journals of a folder tell of the hosts of a cluster. */
export interface HostHistories {
  readonly hosts: ReadonlyMap<string, HostHistory>
  /** Names of the runs that are not completely in the record yet, so that their journals must not be removed. */
  readonly unrecorded: ReadonlySet<string>
}

interface HostRecord {
  readonly hosts: ReadonlyMap<string, HostHistory>
  /** Names of the runs whose journals have been read to their end. */
  readonly runs: ReadonlySet<string>
}

/**
 * Reads the new journals of a cluster, and records beside them what they tell about its hosts. The record outlives journals,
 * because old journals are removed and a host may be away for longer. A damaged record counts as none. Never throws: if nothing
 * can be written, the journals are read again next time.
 */
export function historiesOf(folder: string, cluster: string, except: string): HostHistories {
  const path = join(folder, `hosts-${cluster}.json`)
  // The journals are listed before the record is read, because another run removes a journal only after it has recorded it.
  const journals = [...journalsOf(folder, cluster, except)].sort((one, other) => other.endedAt - one.endedAt)
  const madeAt = timeOf(path)
  const record = readRecord(path)
  const hosts = new Map(record.hosts)
  const runs = new Set(journals.map(({ run }) => run).filter(run => record.runs.has(run)))
  const unread = journals.filter(({ run }) => !runs.has(run))
  let bytes = 0
  for (const journal of unread) {
    if (bytes > journalReading.bytes) break
    const hasEnded = !isUnderWay(join(folder, journal.run))
    const budget = { bytes: journalReading.bytes }
    for (const [host, history] of historiesIn(journal, cluster, budget))
      hosts.set(host, mergeHistory(hosts.get(host) ?? {}, history))
    bytes += journalReading.bytes - budget.bytes
    if (hasEnded) runs.add(journal.run)
  }
  const isKept =
    hosts.size === 0 || unread.length === 0 || (timeOf(path) === madeAt && writeRecord(path, { hosts, runs }))
  const recorded = isKept ? runs : record.runs
  return { hosts, unrecorded: new Set(journals.map(({ run }) => run).filter(run => !recorded.has(run))) }
}

/** What two sources know of a host, in one. */
export function mergeHistory(one: HostHistory, other: HostHistory): HostHistory {
  const readAt = Math.max(one.readAt ?? 0, other.readAt ?? 0)
  const lost = (one.lost?.at ?? 0) >= (other.lost?.at ?? 0) ? one.lost : other.lost
  return { ...(readAt === 0 ? {} : { readAt }), ...(lost === undefined ? {} : { lost }) }
}

function timeOf(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

/** How many hosts are recorded at most (those that were used last), and how many names of proven hosts in all. */
const most = { hosts: 20_000, proven: 100_000 }

function writeRecord(path: string, { hosts, runs }: HostRecord): boolean {
  const lastAt = ({ readAt = 0, lost }: HostHistory) => Math.max(readAt, lost?.at ?? 0)
  const newest = [...hosts].sort(([, one], [, other]) => lastAt(other) - lastAt(one)).slice(0, most.hosts)
  let names = 0
  // Leaving out names is safe: a loss without proven hosts holds back the changes of all other hosts.
  const bounded = newest.map(([host, { lost, ...history }]) => {
    names += lost?.proven.length ?? 0
    const proven = names > most.proven ? [] : lost?.proven
    return [host, { ...history, ...(lost === undefined ? {} : { lost: { ...lost, proven } }) }]
  })
  // In containers, two runs may have the same process id.
  const next = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    writeFileSync(next, `${JSON.stringify({ runs: [...runs], hosts: Object.fromEntries(bounded) })}\n`, {
      mode: 0o600,
      flush: true,
    })
    renameSync(next, path)
    return true
  } catch {
    rmSync(next, { force: true })
    return false
  }
}

function readRecord(path: string): HostRecord {
  try {
    const { runs, hosts } = JSON.parse(readLocalFile(path, localFileBytes.hostRecord).toString()) as Readonly<
      Record<'runs' | 'hosts', unknown>
    >
    if (!isNames(runs)) throw new Error('It has no runs.')
    const known = Object.entries(hosts as object)
    if (!known.every(isHistory)) throw new Error('It has other things than hosts.')
    return { runs: new Set(runs), hosts: new Map(known) }
  } catch {
    return { runs: new Set(), hosts: new Map() }
  }
}

function isHistory(entry: [string, unknown]): entry is [string, HostHistory] {
  const { readAt, lost } = entry[1] as Readonly<Record<keyof HostHistory, unknown>>
  return (readAt === undefined || typeof readAt === 'number') && (lost === undefined || isLoss(lost))
}

function isLoss(value: unknown): value is Loss {
  const { at, run, proven } = value as Readonly<Record<keyof Loss, unknown>>
  return typeof at === 'number' && typeof run === 'string' && isNames(proven)
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(name => typeof name === 'string')
}
