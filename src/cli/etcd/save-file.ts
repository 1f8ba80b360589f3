import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { link, lstat, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exitCodes, HostError, UserError } from '../../core/index.ts'
import { snapshotLimits } from '../../core/limits.ts'
import { quote } from '../../shell/quote.ts'
import type { Pool } from '../../ssh/index.ts'

/** Raises UserError if a folder cannot be written to: before anything else is done for it. Makes it where it is missing. */
export async function prepareFolder(folder: string): Promise<void> {
  const bad = (actual: string, cause?: unknown) =>
    new UserError(
      { where: '--save', problem: `Nothing can be saved in ${folder}.`, expected: 'a folder, or nothing', actual },
      { exitCode: exitCodes.badInput, cause },
    )
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw bad((error as Error).message, error)
  }
  if (!(await lstat(folder)).isDirectory()) throw bad('something else, or a link')
}

/**
 * Copies a file of a host to this machine, readable by its owner alone; it gets its name when it is whole. Returns its
 * sha256. Raises UserError if there is such a file already, or the host sends another number of bytes, and HostError.
 */
export async function saveFile(
  pool: Pick<Pool, 'run'>,
  from: { readonly host: string; readonly path: string; readonly bytes: number },
  to: string,
  signal: AbortSignal,
): Promise<string> {
  const { host, path, bytes } = from
  if (bytes > snapshotLimits.bytes)
    throw cut(from, `at most ${snapshotLimits.bytes} bytes`, `${bytes} bytes, by its own word`)
  const temporary = `${to}.${randomBytes(6).toString('hex')}.new`
  const hash = createHash('sha256')
  const over = new AbortController()
  let got = 0
  try {
    const file = createWriteStream(temporary, { flags: 'wx', mode: 0o600 })
    const failed = once(file, 'error').then(([error]) => {
      over.abort()
      throw error
    })
    const copied = pool
      .run(host, {
        command: `cat ${quote(path)}`,
        sudo: true,
        signal: AbortSignal.any([signal, over.signal]),
        onStdout(chunk) {
          got += chunk.length
          if (got > bytes) return over.abort()
          hash.update(chunk)
          file.write(chunk)
        },
        onStderr() {},
        backlog: () => (file.writableNeedDrain ? once(file, 'drain').then(() => undefined) : undefined),
      })
      .catch((error: unknown) => {
        if (got > bytes) return { exitCode: 0 }
        throw error
      })
    const { exitCode } = await Promise.race([copied, failed])
    if (exitCode !== 0 || got !== bytes) throw cut(from, `${bytes} bytes`, got > bytes ? 'more' : `${got} bytes`)
    file.end()
    await Promise.race([once(file, 'close'), failed])
    const written = await open(temporary)
    await written.sync().finally(() => written.close())
    // Unlike a rename, a link replaces nothing.
    await link(temporary, to)
    const folder = await open(dirname(to))
    await folder.sync().finally(() => folder.close())
    return hash.digest('hex')
  } catch (error) {
    if (error instanceof UserError || error instanceof HostError) throw error
    throw notSaved(from, to, error as NodeJS.ErrnoException)
  } finally {
    await rm(temporary, { force: true })
  }
}

function cut(
  { host, path }: { readonly host: string; readonly path: string },
  expected: string,
  actual: string,
): UserError {
  const next = `It is still on ${host}: ${path}`
  return new UserError({ where: host, problem: `${path} could not be copied to this machine.`, expected, actual, next })
}

function notSaved(
  { host, path }: { readonly host: string; readonly path: string },
  to: string,
  error: NodeJS.ErrnoException,
): UserError {
  const problem =
    error.code === 'EEXIST' ? 'There is such a file already; it was left alone.' : 'It could not be written.'
  const next = `The snapshot itself is on ${host}: ${path}. Make room here, or name another folder, and take one again.`
  return new UserError({ where: to, problem, actual: error.message, next }, { cause: error })
}
