import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The folder that holds everything the kit makes: mirror, Go caches, toolchain. It can be deleted at any time.
 * `$EVCCTL_CACHE`, else `evcctl-kit` in `$XDG_CACHE_HOME`, else in `~/.cache`.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.EVCCTL_CACHE) return environment.EVCCTL_CACHE
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'evcctl-kit')
}

/** sha256 of anything that JSON can hold, hex; says whether what something was made from has changed. */
export function fingerprint(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}

/** sha256 of a file's bytes, hex. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Writes a small file so that it is there whole or not at all. */
export async function writeWhole(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const unfinished = `${file}.${process.pid}.part`
  await writeFile(unfinished, content)
  await rename(unfinished, file)
}

/** The content of a file, or undefined if there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** How often a waiting process looks again, in ms. */
const lockInterval = 500

/**
 * Holds a lock file until disposed of. A lock whose process is gone (killed, machine restarted) is taken over.
 *
 * @param onWait called once, with the process id of the holder, when another process has the lock
 */
export async function takeLock(file: string, onWait: (holder: string) => void): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true })
  const own = `${file}.${process.pid}.${randomUUID()}`
  await writeFile(own, `${process.pid} ${await startTime(process.pid)}`)
  try {
    for (let waited = false; ; ) {
      // A link appears with its content, and only if there is none: no moment in which the holder is unknown.
      const taken = await link(own, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (taken) return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
      const holder = await readIfThere(file)
      if (holder === undefined) continue
      const [pid = '', started = ''] = holder.split(' ')
      if ((await startTime(Number(pid))) !== started) {
        await takeAway(file, holder)
        continue
      }
      if (!waited) onWait(pid)
      waited = true
      await sleep(lockInterval)
    }
  } finally {
    await rm(own)
  }
}

/** Removes the lock of a dead holder, unless a third process was quicker and holds it by now. */
async function takeAway(file: string, deadHolder: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  )
  if (!moved) return
  if ((await readFile(aside, 'utf8')) === deadHolder) await rm(aside)
  else await rename(aside, file)
}

/**
 * When a process started, in clock ticks since boot (field 22 of proc_pid_stat(5)): tells it from a later one with the
 * same id. Empty if there is no such process.
 */
async function startTime(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name in parentheses, and may hold anything.
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
