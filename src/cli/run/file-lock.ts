import { mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { UserError } from '../../core/errors.ts'
import { quote } from '../../shell/quote.ts'

/** Other programs hold the lock only for one read and one write. */
const defaultWaitMs = 3_000
const retryMs = 50

interface Locking {
  /** How long to wait for a lock of somebody else, ms. Default 3000. */
  readonly waitMs?: number
  /**
   * A lock that stays the same for this long counts as left by a program that was killed, and is removed, ms. Default: none does,
   * because another program may know better what it does.
   */
  readonly abandonedMs?: number
}

/**
 * Does some work on a file while holding its lock: the file `<path>.lock`, which only one process can create. kubectl does the same
 * for a kubeconfig (client-go, tools/clientcmd/loader.go: lockFile). If the lock exists, kubectl gives up at once; this function
 * waits up to `waitMs`, then raises UserError.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { waitMs = defaultWaitMs, abandonedMs = Number.POSITIVE_INFINITY }: Locking = {},
): Promise<T> {
  const lock = `${path}.lock`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  let seen = { lock: '', since: 0 }
  for (const began = performance.now(); !(await made(lock)); await setTimeout(retryMs)) {
    const now = performance.now()
    const there = await nameOf(lock)
    if (there === '') continue
    if (there !== seen.lock) seen = { lock: there, since: now }
    if (now - seen.since >= abandonedMs) await rm(lock, { force: true })
    else if (now - began >= waitMs) throw await lockedBySomebody(path, lock)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function made(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

// The clock of a file server tells nothing of the age of a lock, so a lock is only known again.
async function nameOf(lock: string): Promise<string> {
  return await stat(lock).then(
    ({ ino, mtimeMs }) => `${ino} ${mtimeMs}`,
    () => '',
  )
}

async function lockedBySomebody(path: string, lock: string): Promise<UserError> {
  const since = await stat(lock).then(
    ({ mtime }) => `, made ${mtime.toISOString()}`,
    () => '',
  )
  return new UserError({
    where: path,
    problem: 'Another program is changing this file; it was not touched.',
    expected: 'no lock beside it',
    actual: `${lock}${since}`,
    next: `Run it again. If neither evcctl nor kubectl config is at work, the lock was left by one that was killed: rm ${quote(lock)}`,
  })
}
