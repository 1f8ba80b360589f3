import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { localFileBytes } from '../core/limits.ts'
import { kindOf, LocalFileError, readLocalFile } from '../core/local-file.ts'

/** The functions of the local machine that reading a cluster.yaml needs. */
export interface Surroundings {
  /** Content of a local file as text; throws as readLocalFile does. */
  readonly readFile: (path: string) => string
  /** What is at a path: `file`, `folder`, or e.g. `a pipe`. Undefined if there is nothing, or it cannot be looked at. */
  readonly kind: (path: string) => string | undefined
  /** Permission bits of a regular file; 0 for anything else, e.g. a pipe, and if there is no file. */
  readonly mode: (path: string) => number
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The functions of the real machine, with those in `given` in place of its own. */
export function surroundings(given: Partial<Surroundings> = {}): Surroundings {
  return {
    readFile: given.readFile ?? (path => readLocalFile(path, localFileBytes.named).toString()),
    kind: given.kind ?? kindAt,
    mode: given.mode ?? modeOf,
    env: given.env ?? process.env,
  }
}

function kindAt(path: string): string | undefined {
  try {
    const found = statSync(path)
    if (found.isFile()) return 'file'
    return found.isDirectory() ? 'folder' : kindOf(found)
  } catch {
    return undefined
  }
}

function modeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? found.mode & 0o777 : 0
}

/** Makes a path of cluster.yaml absolute: `~` is the home folder, and relative paths start at the folder of cluster.yaml. */
export function localPath(path: string, clusterFile: string, env: Surroundings['env']): string {
  const expanded = path === '~' || path.startsWith('~/') ? `${env.HOME ?? homedir()}${path.slice(1)}` : path
  return resolve(dirname(clusterFile), expanded)
}

/** Why a file could not be read, in words for people. */
export function readFailure(cause: unknown): string {
  if (cause instanceof LocalFileError) return cause.message
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  switch (code) {
    case 'ENOENT':
      return 'There is no such file'
    case 'ENOTDIR':
      return 'A part of the path before the file is not a folder'
    case 'EISDIR':
      return 'It is a folder, not a file'
    case 'EACCES':
    case 'EPERM':
      return 'You may not read it'
    case 'ELOOP':
      return 'Its symbolic links go in a circle'
    default:
      return `It cannot be read (${code === '' ? String(cause) : code})`
  }
}
