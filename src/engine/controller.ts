import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import type { LockHolder } from './lock-state.ts'

/** This process, as the holder of a lock. */
export function thisController(run: string): LockHolder {
  return {
    run,
    user: userName(),
    machine: thisMachine(),
    controller: hostname(),
    pid: process.pid,
    since: Date.now(),
  }
}

/**
 * This process, as the holder of one lock. The id of a run is made of the time and the cluster, so two controllers that begin
 * in the same second have the same: what tells them apart on hosts is by chance.
 */
export function newHolder(run: string): LockHolder {
  return thisController(`${run}-${randomBytes(8).toString('hex')}`)
}

/** True where the holder's process can be looked up here and is gone. */
export function isDeadHere(holder: LockHolder): boolean {
  return holder.machine === thisMachine() && holder.pid !== process.pid && !isAlive(holder.pid)
}

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM means that it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Host name, boot and process namespace: a pid means something only together with them. */
export function thisMachine(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'))
  return [hostname(), boot, namespace].join(' ')
}

function userName(): string {
  return attempt(() => userInfo().username) || `user ${process.getuid?.() ?? ''}`.trim()
}

// Not Linux, or a user without an entry in /etc/passwd.
function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
