import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { sizeText } from './limits.ts'

/** Why a file of this machine is not read; `message` says it in words: `It is a device, not a file`. */
export class LocalFileError extends Error {
  readonly code: 'ENOTFILE' | 'EFBIG' | 'ETIMEDOUT'

  constructor(code: LocalFileError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const chunkBytes = 64 * 1024

/**
 * Reads a whole file that the user names. Throws what readFileSync throws, and LocalFileError if it is no regular file or is
 * larger than `most` bytes. /dev/null counts as an empty file.
 */
export function readLocalFile(path: string, most: number): Buffer {
  const file = openFile(path)
  if (file === undefined) return Buffer.alloc(0)
  try {
    const read = new Bounded(most)
    while (read.next(file) > 0);
    return read.content()
  } finally {
    closeSync(file)
  }
}

/** How long evcctl waits for a pipe, ms. The program that writes to it may have to ask for a passphrase first. */
export interface PipePatience {
  /** For a pipe that no writer has open; a pipe whose writer closed it without writing looks the same. */
  readonly emptyMs: number
  readonly totalMs: number
}

/**
 * Does the same as readLocalFile, also for a pipe: /dev/stdin, or `<(pass show sudo)` of a shell. Throws LocalFileError for a
 * pipe that does not end in time, too.
 */
export async function readFileOrPipe(path: string, most: number, patience: PipePatience): Promise<Buffer> {
  const file = openLocalFile(path, true)
  if (file === undefined) return Buffer.alloc(0)
  const began = performance.now()
  const isFile = fstatSync(file).isFile()
  try {
    const read = new Bounded(most)
    for (;;) {
      const count = read.next(file)
      if (count > 0) continue
      const waited = performance.now() - began
      const ended = count === 0 && (isFile || read.size > 0 || waited > patience.emptyMs)
      if (ended) return read.content()
      if (waited > patience.totalMs)
        throw new LocalFileError('ETIMEDOUT', `It is a pipe that did not end within ${patience.totalMs / 1000} s`)
      await setTimeout(20)
    }
  } finally {
    closeSync(file)
  }
}

/**
 * Opens a file that the user names, for reading in parts; who reads it closes it. undefined: it is /dev/null. Throws what openSync
 * throws, and LocalFileError if it is no regular file.
 */
export function openFile(path: string): number | undefined {
  return openLocalFile(path, false)
}

// Opening a pipe does not wait for its writer. A device is not opened, because opening alone may start it.
function openLocalFile(path: string, pipes: boolean): number | undefined {
  const found = statSync(path)
  if (found.isCharacterDevice() && realpathSync(path) === '/dev/null') return undefined
  refuse(found, pipes)
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    refuse(fstatSync(file), pipes)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function refuse(found: Stats, pipes: boolean): void {
  if (found.isFile() || (pipes && found.isFIFO())) return
  if (found.isDirectory()) throw Object.assign(new Error('It is a folder'), { code: 'EISDIR' })
  throw new LocalFileError('ENOTFILE', `It is ${kindOf(found)}, not a file`)
}

/** `a device`, for a message on what is no regular file. */
export function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}

class Bounded {
  readonly #most: number
  readonly #parts: Buffer[] = []
  size = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Reads the next part. Returns its length in bytes: 0 at the end, -1 if a pipe has no data yet. */
  next(file: number): number {
    const part = Buffer.allocUnsafe(chunkBytes)
    const count = countOf(file, part)
    if (count > 0) this.#parts.push(part.subarray(0, count))
    this.size += Math.max(0, count)
    if (this.size > this.#most)
      throw new LocalFileError(
        'EFBIG',
        `It is larger than ${sizeText(this.#most)}, which is the most that evcctl reads of it`,
      )
    return count
  }

  content(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

function countOf(file: number, into: Buffer): number {
  try {
    return readSync(file, into)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1
    throw error
  }
}
