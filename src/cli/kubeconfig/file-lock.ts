import { mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { UserError } from '../../core/errors.ts'
import { quote } from '../../shell/quote.ts'

/** Other programs hold the lock only for one read and one write. */
const defaultWaitMs = 3_000
const retryMs = 50

/**
 * Does some work on a kubeconfig while holding kubectl's lock: the file `<path>.lock`, which only one process can create
 * (client-go, tools/clientcmd/loader.go: lockFile). If the lock exists, kubectl gives up at once; this function waits up
 * to `waitMs`, then raises UserError.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { waitMs = defaultWaitMs }: { readonly waitMs?: number } = {},
): Promise<T> {
  const lock = `${path}.lock`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  for (const began = performance.now(); !(await made(lock)); await setTimeout(retryMs)) {
    if (performance.now() - began >= waitMs) throw await lockedBySomebody(path, lock)
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

async function lockedBySomebody(path: string, lock: string): Promise<UserError> {
  const since = await stat(lock).then(
    ({ mtime }) => `, made ${mtime.toISOString()}`,
    () => '',
  )
  return new UserError({
    where: path,
    problem: 'Another program is changing this file; it was not touched.',
    expected: 'no lock of kubectl beside it',
    actual: `${lock}${since}`,
    next: `Run it again. If no kubectl config and no evcctl is at work, the lock was left by one that was killed: rm ${quote(lock)}`,
  })
}
