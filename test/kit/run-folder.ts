import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isAlive } from './process.ts'

const prefix = 'evcctl-tests-'

/**
 * Before the tests: one folder for all that they make below the folder for temporary files, so that all of it can be removed
 * after them. What a run that was killed has left, folders and processes, is removed by the next one.
 */
export default function setup(): (() => void) | undefined {
  // Each project of a run comes here.
  if (basename(tmpdir()).startsWith(prefix)) return undefined
  removeLeftovers(tmpdir())
  const folder = join(tmpdir(), `${prefix}${process.pid}`)
  mkdirSync(folder)
  // As /tmp: other users, such as apt's, write there, too.
  chmodSync(folder, 0o1777)
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/** Removes what runs whose process is gone have left in a folder, and ends what still runs in their name. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN)
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    endProcessesOf(join(folder, name))
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

// Everything that tests start inherits the folder in its environment.
function endProcessesOf(folder: string): void {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      if (variables.includes(`TMPDIR=${folder}`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
}
