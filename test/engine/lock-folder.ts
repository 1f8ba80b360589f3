import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisController } from '../../src/engine/controller.ts'
import type { LockHolder, LockPaths } from '../../src/engine/lock-state.ts'
import type { LocalPool } from './local-pool.ts'

/** Creates a folder with a folder for each host of a pool below it, with what a lock needs there. Returns the outer one. */
export function lockFolder(pool: LocalPool, hosts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-lock-'))
  pool.localise = (host, script) => script.replaceAll(folder, join(folder, host))
  for (const host of hosts)
    for (const part of ['run', 'state']) mkdirSync(join(folder, host, part), { recursive: true })
  return folder
}

/** Where the lock is on each of these hosts, as the scripts name it. */
export function lockPathsIn(folder: string): LockPaths {
  return { run: join(folder, 'run'), state: join(folder, 'state') }
}

/** A run on another machine, of which nobody here can see whether it is alive. */
export function elsewhere(run: string): LockHolder {
  return { ...thisController(run), machine: 'another', controller: 'laptop-7' }
}
