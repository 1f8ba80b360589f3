import { mkdir, readFile, realpath, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeBeside } from '../ssh/private-file.ts'

/** Content of a file, or nothing where there is none yet. */
export async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Replaces a file as a whole, mode 0600: no reader ever sees half of it. A symbolic link stays one. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await writeBeside(target, content, temporary => rename(temporary, target))
}
