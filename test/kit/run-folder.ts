import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isAlive } from './process.ts'

const prefix = 'evcctl-tests-'

/**
 * Runs before the tests. It creates one folder for all their temporary files and removes it after them. It also removes
 * folders and processes of earlier runs that were killed.
 */
export default function setup(): (() => void) | undefined {
  // Vitest calls this for each project of a run; the first call has created the folder.
  if (basename(tmpdir()).startsWith(prefix)) return undefined
  removeLeftovers(tmpdir())
  const folder = join(tmpdir(), `${prefix}${process.pid}`)
  mkdirSync(folder)
  // Like /tmp, the folder is open for other users, such as that of apt.
  chmodSync(folder, 0o1777)
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/** Removes folders of runs whose process is gone, and ends processes that such runs have left. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN)
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    endProcessesOf(join(folder, name))
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

// Every process that tests start inherits the folder in its environment.
function endProcessesOf(folder: string): void {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      if (variables.includes(`TMPDIR=${folder}`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // The process has ended meanwhile, or belongs to another user.
    }
  }
}
