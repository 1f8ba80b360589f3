import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exitCodes, UserError } from '../../core/index.ts'
import { LocalFileError, readLocalFile } from '../../core/local-file.ts'
import { writeBeside } from '../../ssh/private-file.ts'
import { unitMark } from './units.ts'

const largestUnit = 64 * 1024

/** The content of a unit that evcctl has written; undefined if there is none. Throws UserError for somebody else's. */
export function ownUnit(folder: string, name: string): string | undefined {
  const path = join(folder, name)
  let text: string
  try {
    text = readLocalFile(path, largestUnit).toString()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (cause instanceof LocalFileError) throw foreign(path, `${cause.message}.`)
    throw cause
  }
  if (!text.startsWith(`${unitMark}\n`)) throw foreign(path, 'It was not written by evcctl.')
  return text
}

/** Writes a unit as a whole, so that systemd never reads half of it. */
export async function writeUnit(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeBeside(path, text, async temporary => {
    await chmod(temporary, 0o644)
    await rename(temporary, path)
  })
}

export async function removeUnit(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true })
}

function foreign(where: string, problem: string): UserError {
  const details = { where, problem: `${problem} Nothing was changed.`, next: `Move it away: mv ${where} ${where}.old` }
  return new UserError(details, { exitCode: exitCodes.badInput })
}
