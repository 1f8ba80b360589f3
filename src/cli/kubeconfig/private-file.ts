import { lstat, mkdir, realpath, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exitCodes, UserError } from '../../core/index.ts'
import { localFileBytes } from '../../core/limits.ts'
import { kindOf, LocalFileError, readLocalFile } from '../../core/local-file.ts'
import { writeBeside } from '../../ssh/private-file.ts'

/** The content of a file; empty if there is no such file. Raises UserError if it is no regular file, or too large. */
export async function readIfThere(path: string): Promise<string> {
  try {
    return readLocalFile(path, localFileBytes.kubeconfig).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    if (error instanceof LocalFileError) throw notReplaced(path, error.message)
    throw error
  }
}

/**
 * Replaces a file as a whole, with mode 0600, so that no reader ever sees half of it. A symbolic link stays a link. When
 * root replaces a file, its owner and group stay too: under sudo the file often belongs to another user. Raises UserError
 * if the path is no regular file, e.g. /dev/null.
 */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const { target, owner } = await placeFor(path)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await writeBeside(target, content, temporary => rename(temporary, target), owner)
}

/** Raises UserError if writePrivateFile would refuse to replace `path`. */
export async function checkReplaceable(path: string): Promise<void> {
  await placeFor(path)
}

async function placeFor(path: string) {
  const target = await unlessMissing(realpath(path))
  if (target === undefined) {
    const link = await unlessMissing(lstat(path))
    if (link?.isSymbolicLink()) throw notReplaced(path, 'It is a symbolic link to nothing')
    return { target: path, owner: undefined }
  }
  const found = await stat(target)
  if (!found.isFile()) throw notReplaced(path, `It is ${kindOf(found)}, not a file`)
  return { target, owner: process.geteuid?.() === 0 ? { uid: found.uid, gid: found.gid } : undefined }
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

function notReplaced(path: string, actual: string): UserError {
  return new UserError(
    {
      where: path,
      problem: 'This cannot be replaced by a kubeconfig; it was not touched.',
      expected: 'a file, or no file at all: then one is made',
      actual,
      next: 'Name another path: evcctl kubeconfig --file cluster.kubeconfig, or set KUBECONFIG for --merge.',
    },
    { exitCode: exitCodes.badInput },
  )
}
