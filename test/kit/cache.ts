import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * The folder that holds everything the kit makes: mirror, Go caches, toolchain. It can be deleted at any time.
 * `$EVCCTL_CACHE`, else `evcctl-kit` in `$XDG_CACHE_HOME`, else in `~/.cache`.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.EVCCTL_CACHE) return environment.EVCCTL_CACHE
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'evcctl-kit')
}

/** The sha256 of any JSON value, hex. It shows whether the inputs of a file have changed. */
export function fingerprint(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}

/** sha256 of a file's bytes, hex. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Writes a small file, which appears complete or not at all. */
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

/**
 * Holds a lock on a file until it is disposed of. The lock is that of flock(2), taken by flock(1) of util-linux: the kernel
 * frees it when the process ends for any reason. The file contains the process ID of the last holder. Rejects if flock
 * cannot run. `onWait` is called once, with the process ID of the holder, if another process has the lock.
 */
export async function takeLock(file: string, onWait: (holder: string) => void): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true })
  let held = await flock(['--nonblock', '--conflict-exit-code', String(conflict)], file)
  if (held === undefined) {
    onWait((await readIfThere(file)) ?? '')
    held = await flock([], file)
  }
  if (held === undefined) throw new Error(`flock gave up waiting for ${file}`)
  const { stdin, ended } = held
  await writeFile(file, String(process.pid))
  return {
    async [Symbol.asyncDispose]() {
      stdin.end()
      await ended
    },
  }
}

const conflict = 75

interface Flock {
  readonly stdin: Writable
  readonly ended: Promise<unknown>
}

// flock holds the lock while its standard input is open, which closes when this process ends, too. Undefined: another
// process has the lock.
async function flock(options: readonly string[], file: string): Promise<Flock | undefined> {
  const child = spawn('flock', [...options, file, 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const began = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    ended.then(([code]) => code as number),
  ])
  if (began === true) return { stdin: child.stdin, ended }
  if (began === conflict) return undefined
  throw new Error(`flock ${file} exited with ${began}`)
}
