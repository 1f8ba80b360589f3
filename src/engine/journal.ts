import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError } from '../core/errors.ts'
import type { Event } from '../core/event.ts'

export interface JournalOptions {
  /** Folder of all runs. Default: `$XDG_STATE_HOME/evcctl/runs`, else `~/.local/state/evcctl/runs`. */
  readonly folder?: string
  /** Name of the cluster. */
  readonly cluster: string
  /** The command, e.g. `apply`. */
  readonly command: string
  /** Version of evcctl. */
  readonly version?: string
  /** The cluster file; its path and sha256 are kept, not its content. */
  readonly file?: string
  /** How many runs are kept, this one included. Default 50. */
  readonly keep?: number
}

/** The record of one run. */
export interface Journal {
  /** Name of the run: local time and cluster, e.g. `2026-11-21T10-15-03-edge-seoul`. */
  readonly run: string
  readonly folder: string
  /** Appends an event of the stream (already free of Secrets) at once: what was written survives SIGKILL. */
  write(event: Event): void
  /** Notes how the run ended, e.g. `changed`, `failed`, and closes the file. */
  close(outcome: string): Promise<void>
}

// The runs that pruning may remove: only folders that look like ours.
const runName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/

/** Where the journals of all runs are kept. */
export function journalFolder(env: NodeJS.ProcessEnv = process.env): string {
  // An XDG path that is not absolute is to be ignored (XDG Base Directory Specification 0.8).
  const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(homedir(), '.local', 'state')
  return join(state, 'evcctl', 'runs')
}

/** Makes the folder of a new run (0700, files 0600) and removes the oldest ones beyond `keep`. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const runs = options.folder ?? journalFolder()
  await makeFolders(runs).catch((cause: unknown) => {
    throw cannotMake(runs, cause)
  })
  const begun = new Date()
  const folder = await makeFolder(runs, `${localTime(begun)}-${options.cluster}`)
  const about = {
    command: options.command,
    version: options.version,
    cluster: options.cluster,
    file: options.file,
    sha256: options.file === undefined ? undefined : await sha256Of(options.file),
    pid: process.pid,
    begun: begun.toISOString(),
  }
  await writeAbout(folder.path, about)
  await prune(runs, options.keep ?? 50)
  const events = openSync(join(folder.path, 'events.ndjson'), 'ax', 0o600)
  let open = true
  return {
    run: folder.name,
    folder: folder.path,
    write(event) {
      if (open) writeSync(events, `${JSON.stringify(event)}\n`)
    },
    async close(outcome) {
      if (!open) return
      open = false
      closeSync(events)
      await writeAbout(folder.path, { ...about, ended: new Date().toISOString(), outcome })
    },
  }
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

// Not by mkdir's own `recursive`: it never ends below a folder that nothing can be made in, such as /proc (Node 20 to 24).
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
      came: cause instanceof Error ? cause.message : String(cause),
      next: 'Name one that can be: XDG_STATE_HOME=/some/folder evcctl …',
    },
    { cause },
  )
}

async function writeAbout(folder: string, about: object): Promise<void> {
  const path = join(folder, 'run.json')
  await writeFile(`${path}.new`, `${JSON.stringify(about, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function prune(runs: string, keep: number): Promise<void> {
  const names = (await readdir(runs)).filter(name => runName.test(name)).sort()
  for (const name of names.slice(0, Math.max(0, names.length - keep))) {
    await rm(join(runs, name), { recursive: true, force: true })
  }
}

async function sha256Of(path: string): Promise<string | undefined> {
  // The file was read before; that it is gone by now is no reason not to run.
  const content = await readFile(path).catch(() => undefined)
  return content === undefined ? undefined : createHash('sha256').update(content).digest('hex')
}

// Colons are awkward in file names and in what can be copied from a terminal.
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day}T${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join('-')}`
}
