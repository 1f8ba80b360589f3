import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'

/**
 * Writes a file of mode 0600 beside its place, whole and synced to disk; `place` then moves or links it to `path`. Nothing
 * of it stays beside. An error of the operating system has `path` as its path. `owner` is whose it is to be, which only root may say; otherwise it is one's own.
 */
export async function writeBeside(
  path: string,
  content: string,
  place: (temporary: string) => Promise<void>,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      if (owner !== undefined) await file.chown(owner.uid, owner.gid)
      await file.sync()
    } finally {
      await file.close()
    }
    await place(temporary)
  } catch (error) {
    // Node names no file when a write fails, and otherwise the temporary one, which says nothing to anybody.
    if (error instanceof Error && 'syscall' in error) Object.assign(error, { path })
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}
