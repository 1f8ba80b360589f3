import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, networkInterfaces, userInfo } from 'node:os'
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
 * in the same second have the same one. Random digits tell them apart on hosts.
 */
export function newHolder(run: string): LockHolder {
  return thisController(`${run}-${randomBytes(8).toString('hex')}`)
}

/** True if the holder's process ran on this machine and is gone. */
export function isDeadHere(holder: LockHolder): boolean {
  return holder.machine === thisMachine() && holder.pid !== process.pid && !isAlive(holder.pid)
}

/** Whether this machine has a process with this pid. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM means that it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * Host name, boot and process namespace: only together with them does a pid identify a process. Where the system does not tell
 * the boot (macOS), a hardware address takes its place, so that two machines with the same name differ.
 */
export function thisMachine(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'))
  return [hostname(), boot || hardwareAddress(), namespace].join(' ')
}

// The address of a network card, if there is one: addresses with the second bit set are made up by software and may change.
function hardwareAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const macs = all
    .filter(({ internal }) => !internal)
    .map(({ mac }) => mac)
    .sort()
  return macs.find(mac => !/^.[2367abef]/i.test(mac)) ?? macs[0] ?? ''
}

function userName(): string {
  return attempt(() => userInfo().username) || `user ${process.getuid?.() ?? ''}`.trim()
}

// Reading fails on systems other than Linux, and for a user without an entry in /etc/passwd.
function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
