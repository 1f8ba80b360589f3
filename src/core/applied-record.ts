import { createHash } from 'node:crypto'
import { digestOf } from './digest.ts'

/** Where a host keeps what the last apply made of it. One line, mode 0600, replaced as a whole. */
export const appliedRecordPath = '/var/lib/evcctl/applied'

/**
 * What a host was verified to have, by the runs of apply that changed something there. It tells a change that somebody made
 * (drift) from one that the cluster file asks for now. It lies on the host, so that every machine with evcctl sees the same.
 */
export interface AppliedRecord {
  /** Version of evcctl that wrote it last. */
  readonly version: string
  /** Name of the run that wrote it last. */
  readonly run: string
  /** When that was, by the clock of the machine that evcctl ran on, ms since the epoch. */
  readonly at: number
  /** Digest of what each task wanted when it was last verified, by taskKey(). */
  readonly tasks: ReadonlyMap<string, string>
}

/** The key of a task in the record of its host: names of tasks may be long, and have any character. */
export function taskKey({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return createHash('sha256').update(`${kind}:${name}`).digest('hex').slice(0, 12)
}

/** The digest of what a task wants, for the record. Secrets count with their names only, so that nobody can guess them. */
export function wantedDigest(desired: unknown): string {
  return digestOf(desired).slice(0, 16)
}

const format = 'applied-1'
const entry = /^([0-9a-f]{12}):([0-9a-f]{16})$/
// A host has some 100 tasks.
const mostTasks = 5_000

/** The record as the line that the host keeps. */
export function encodeRecord({ version, run, at, tasks }: AppliedRecord): string {
  return [format, version, run, at, ...[...tasks].map(([key, digest]) => `${key}:${digest}`)].join(' ')
}

/** Reads the line. Undefined if there is none, or it is damaged: then nothing is known, which is a normal state. */
export function decodeRecord(line: string): AppliedRecord | undefined {
  const [is, version = '', run = '', at = '', ...entries] = line.trim().split(' ')
  if (is !== format || !isWord(version) || !isWord(run) || !/^\d{1,15}$/.test(at)) return undefined
  if (entries.length > mostTasks) return undefined
  const tasks = new Map<string, string>()
  for (const text of entries) {
    const [, key, digest] = entry.exec(text) ?? []
    if (key === undefined || digest === undefined) return undefined
    tasks.set(key, digest)
  }
  return { version, run, at: Number(at), tasks }
}

function isWord(text: string): boolean {
  return /^[\w.+-]{1,128}$/.test(text)
}
