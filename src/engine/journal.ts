import { createHash } from 'node:crypto'
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError } from '../core/errors.ts'
import type { Event } from '../core/event.ts'
import { localFileBytes } from '../core/limits.ts'
import { readLocalFile } from '../core/local-file.ts'
import { thisMachine } from './controller.ts'
import { historiesOf } from './host-record.ts'
import { type About, aboutIn, isUnderWay } from './journal-lines.ts'

export interface JournalOptions {
  /** Folder of all runs. Default: see journalFolder(). */
  readonly folder?: string
  /** Name of the cluster. */
  readonly cluster: string
  /** The command, e.g. `apply`. */
  readonly command: string
  /** Version of evcctl. */
  readonly version?: string
  /** The cluster file; its path and sha256 are kept, not its content. */
  readonly file?: string
  /**
   * How many runs of the folder are kept, this one included. Default 200, for plans 50. Runs that are under way are always
   * kept.
   */
  readonly keep?: number
}

/** The record of one run. */
export interface Journal {
  /** Name of the run: local time and cluster, e.g. `2026-11-21T10-15-03-edge-seoul`. */
  readonly run: string
  /** Undefined where nothing can be written: `missing` says why. */
  readonly folder: string | undefined
  /** Why there is no journal of this run, e.g. because the disk is full. */
  readonly missing?: string
  /**
   * Appends an event of the stream (already free of Secrets) at once: what was written survives SIGKILL. Throws when it
   * cannot write. The journal then takes no more events and is marked as incomplete.
   */
  write(event: Event): void
  /** Records how the run ended, e.g. `changed`, `failed`, and closes the file. Never rejects: what it cannot write is lost. */
  close(outcome: string): Promise<void>
}

// Pruning removes only folders with such a name.
const runName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/
const timeLength = '2026-11-28T10-15-03-'.length

// These errors are the fault of the disk, not of the command. Nobody should have to fix the disk before the cluster.
const diskCodes = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS']

const plansKept = 50
const othersKept = 200

// Commands that write nothing to hosts.
function readsOnly(command: string): boolean {
  return command === 'plan' || command === 'check'
}

/**
 * Where the journals are kept: `evcctl/plans` for plans and checks, and `evcctl/runs` for all other commands, below `$XDG_STATE_HOME` or
 * `~/.local/state`. They are apart, so that a CI that plans every minute does not push out the journals of applies.
 */
export function journalFolder(command: string, env: NodeJS.ProcessEnv = process.env): string {
  // An XDG path that is not absolute is to be ignored (XDG Base Directory Specification 0.8).
  const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(homedir(), '.local', 'state')
  return join(state, 'evcctl', readsOnly(command) ? 'plans' : 'runs')
}

/**
 * Makes the folder of a new run (0700, files 0600) and removes the oldest ones beyond `keep`. On a disk that is full or
 * cannot be written to, the run goes on without a journal. Throws UserError if the folder itself cannot be made.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const runs = options.folder ?? journalFolder(options.command)
  const begun = new Date()
  const name = `${localTime(begun)}-${options.cluster}`
  try {
    await makeFolders(runs).catch((cause: unknown) => {
      throw isOfTheDisk(cause) ? cause : cannotMake(runs, cause)
    })
    return await openIn(runs, name, begun, options)
  } catch (cause) {
    if (!isOfTheDisk(cause)) throw cause
    const missing = `${runs}: ${(cause as Error).message}`
    return { run: name, folder: undefined, missing, write() {}, async close() {} }
  }
}

async function openIn(runs: string, wanted: string, begun: Date, options: JournalOptions): Promise<Journal> {
  const folder = await makeFolder(runs, wanted)
  let about: About = {
    command: options.command,
    version: options.version,
    cluster: options.cluster,
    file: options.file,
    sha256: options.file === undefined ? undefined : sha256Of(options.file),
    pid: process.pid,
    machine: thisMachine(),
    begun: begun.toISOString(),
  }
  await writeAbout(folder.path, about)
  await prune(runs, options.keep ?? (readsOnly(options.command) ? plansKept : othersKept))
  const events = openSync(join(folder.path, 'events.ndjson'), 'ax', 0o600)
  let open = true
  const end = () => {
    open = false
    try {
      closeSync(events)
    } catch {
      // An error at closing is about earlier writes, which are lost anyway.
    }
  }
  return {
    run: folder.name,
    folder: folder.path,
    write(event) {
      if (!open) return
      try {
        append(events, `${JSON.stringify(event)}\n`)
      } catch (cause) {
        end()
        about = { ...about, incomplete: (cause as Error).message }
        throw cause
      }
    },
    async close(outcome) {
      if (open) end()
      else if (about.incomplete === undefined) return
      await writeAbout(folder.path, { ...about, ended: new Date().toISOString(), outcome }).catch(() => undefined)
    },
  }
}

// Writes a whole line or nothing: a disk that becomes full may take a part of a line.
function append(file: number, line: string): void {
  const { nlink, size } = fstatSync(file)
  if (nlink === 0) throw new Error('its file was removed')
  const bytes = Buffer.from(line)
  try {
    for (let at = 0; at < bytes.length; at += writeSync(file, bytes, at));
  } catch (error) {
    ftruncateSync(file, size)
    throw error
  }
}

function isOfTheDisk(cause: unknown): boolean {
  return diskCodes.includes(String((cause as NodeJS.ErrnoException | null)?.code))
}

async function makeFolder(runs: string, wanted: string): Promise<{ name: string; path: string }> {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? wanted : `${wanted}-${attempt}`
    try {
      await mkdir(join(runs, name), { mode: 0o700 })
      return { name, path: join(runs, name) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

// mkdir's own `recursive` never ends below a folder in which nothing can be made, such as /proc (Node 20 to 24).
async function makeFolders(path: string): Promise<void> {
  // Another run may make the same folder at the same moment.
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  try {
    await make()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await make()
  }
}

function cannotMake(folder: string, cause: unknown): UserError {
  return new UserError(
    {
      where: folder,
      problem: 'The folder for run journals cannot be made. Nothing was read or written.',
      actual: cause instanceof Error ? cause.message : String(cause),
      next: 'Name another place for it: XDG_STATE_HOME=/some/folder evcctl …',
    },
    { cause },
  )
}

async function writeAbout(folder: string, about: About): Promise<void> {
  const path = join(folder, 'run.json')
  await writeFile(`${path}.new`, `${JSON.stringify(about, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

// A journal is removed only after the record of hosts has what it tells; see historiesOf().
async function prune(runs: string, keep: number): Promise<void> {
  const names = (await readdir(runs)).filter(name => runName.test(name)).sort()
  const oldest = names
    .slice(0, Math.max(0, names.length - keep))
    .map(name => ({ name, folder: join(runs, name) }))
    .filter(({ folder }) => !isUnderWay(folder))
  const byCluster = Map.groupBy(oldest, ({ name, folder }) => clusterOf(name, folder))
  for (const [cluster, removed] of byCluster) {
    const { unrecorded } = historiesOf(runs, cluster, '')
    for (const { name, folder } of removed) {
      if (unrecorded.has(name)) continue
      // The run goes on even if somebody else removes the folder at the same moment, or nobody can remove it.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
    }
  }
}

function clusterOf(name: string, folder: string): string {
  const { cluster } = aboutIn(folder)
  return typeof cluster === 'string' && name.slice(timeLength).startsWith(cluster) ? cluster : name.slice(timeLength)
}

function sha256Of(path: string): string | undefined {
  // The file was read before. The run goes on even if it is gone by now.
  try {
    return createHash('sha256').update(readLocalFile(path, localFileBytes.clusterFile)).digest('hex')
  } catch {
    return undefined
  }
}

// Colons are awkward in file names and in what can be copied from a terminal.
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day}T${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join('-')}`
}
