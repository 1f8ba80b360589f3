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

/**
 * Holds a lock file until disposed of. It is flock(2)'s, by util-linux' flock(1): the kernel frees it with the process,
 * however that ends. The file holds the process id of the last holder. Rejects when flock cannot be run.
 *
 * @param onWait called once, with the process id of the holder, when another process has the lock
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

// It has the lock as long as its standard input is open: that ends with this process, too. Undefined: another has it.
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
