import { createHash } from 'node:crypto'
import type { ProbeResult } from '../core/resource.ts'

/** Who holds the lock of a cluster. */
export interface LockHolder {
  /** Id of the run (the name of its journal folder), followed by random digits that make it unique. */
  readonly run: string
  readonly user: string
  /** The machine that evcctl runs on: host name, boot id and process namespace, within which the pid is unique. */
  readonly machine: string
  /** Host name of that machine, for people. */
  readonly controller: string
  readonly pid: number
  /** When the lock was taken, by that machine's clock, ms since the epoch. */
  readonly since: number
  /** Digest of the hosts that keep its lock; see votersDigest(). Undefined until it asks for one. */
  readonly voters?: string
}

/** Identifies a list of hosts that keep a lock, in any order. Majorities of two different lists may have no host in common. */
export function votersDigest(voters: readonly string[]): string {
  return createHash('sha256')
    .update([...voters].sort().join('\n'))
    .digest('hex')
    .slice(0, 16)
}

/** The state of the lock according to one host. */
export interface LockState {
  /**
   * How often the lock of this cluster was taken so far, as far as this host knows: because it kept the lock, or because a run
   * wrote to it. A run that finds it changed has to read the hosts again.
   */
  readonly generation: number
  /** A counter of the host itself: it rises each time the lock is taken there, and nothing else changes it. */
  readonly counted: number
  /** The value of `counted` before the holder took the lock; left out if the host does not tell. */
  readonly found?: number
  readonly holder?: LockHolder
  /** The holder in the form in which the host keeps it. It identifies the holder, whatever version of evcctl wrote it. */
  readonly held?: string
  /** The dead or silent holder that this one pushed aside. */
  readonly replaced?: LockHolder
  /** Time since the holder's last heartbeat by the host's own clock, ms; Infinity when there is none from this boot. */
  readonly heartbeatAgeMs: number
  /** Whether an exchange that writes runs on the host right now. */
  readonly busy: boolean
}

/** Folders of the host. A reboot empties `run` (/run), but not `state` (/var/lib). */
export interface LockPaths {
  readonly run: string
  readonly state: string
}

export const hostLockPaths: LockPaths = { run: '/run/evcctl', state: '/var/lib/evcctl' }

/**
 * A holder whose heartbeat is older than this may be pushed aside, ms. This is six heartbeats, because a small board that
 * starts a control plane, or a host with forty times its normal load, may delay several of them.
 */
export const staleAfterMs = 60_000

/** Prints the lock's state: one `lock.<key> <value>` line a fact. Needs nothing to exist. Read-only. */
export function readLockScript(paths: LockPaths): string {
  return `say() { said=; { read -r said <"$2"; } 2>/dev/null; echo "lock.$1 $said"; }
say generation ${paths.state}/generation
say found ${paths.run}/lock/found
say holder ${paths.run}/lock/holder
say replaced ${paths.run}/lock/replaced
say heartbeat ${paths.run}/lock/heartbeat
say fence ${paths.state}/fence
for file in ${paths.run}/exchange/*; do
  said=
  { read -r said <"$file"; } 2>/dev/null || continue
  set -- $said
  start=\${2:-} stat=
  { read -r stat <"/proc/\${file##*/}/stat"; } 2>/dev/null || continue
  set -- \${stat##*) }
  [ "\${20:-}" != "$start" ] || { echo 'lock.busy yes'; break; }
done
read -r uptime said </proc/uptime
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
echo "lock.now $boot \${uptime%.*}"`
}

/** Reads what readLockScript printed, among other lines. A lock without a readable holder counts as free. */
export function parseLockState(stdout: string): LockState {
  const facts = new Map<string, string>()
  // Only known keys are kept, because a hostile host may print millions of such lines.
  for (const [, key = '', value = ''] of stdout.matchAll(
    /^lock\.(generation|found|holder|replaced|heartbeat|fence|busy|now) ?(.*)$/gm,
  ))
    facts.set(key, value.trim())
  const held = facts.get('holder') ?? ''
  const holder = decodeHolder(held)
  const replaced = decodeHolder(facts.get('replaced') ?? '')
  const counted = numberIn(facts.get('generation'))
  const found = facts.get('found') ?? ''
  return {
    generation: Math.max(counted, numberIn(facts.get('fence'))),
    counted,
    heartbeatAgeMs: heartbeatAge(facts.get('heartbeat') ?? '', facts.get('now') ?? ''),
    busy: facts.get('busy') === 'yes',
    ...(found === '' ? {} : { found: numberIn(found) }),
    ...(holder === undefined ? {} : { holder, held }),
    ...(replaced === undefined ? {} : { replaced }),
  }
}

// The scripts of the lock read its file in the same way.
function numberIn(text = ''): number {
  const [, digits = ''] = /^(0|[1-9]\d{0,14})(?: |$)/.exec(text) ?? []
  return Number(digits)
}

/** Encodes a holder in Base64, so that no character means anything to a shell. */
export function encodeHolder(holder: LockHolder): string {
  return Buffer.from(JSON.stringify(holder)).toString('base64')
}

/** `ubuntu on laptop-7 (pid 4711), since 10:15:03`, as a person reads it. */
export function describeHolder(holder: LockHolder): string {
  const since = new Date(holder.since).toLocaleTimeString('en-GB')
  return `${holder.user} on ${holder.controller} (pid ${holder.pid}), since ${since}`
}

/** The lock as the probe of a job reads it. */
export function lockProbe(paths: LockPaths): { script: string; parse(raw: ProbeResult): LockState } {
  return { script: readLockScript(paths), parse: raw => parseLockState(raw.stdout) }
}

// The text is checked because it goes back to the host as one word of a script, and parts of it go to the terminal.
function decodeHolder(text: string): LockHolder | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(text) || text.length > 4096) return undefined
  try {
    const holder = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Record<string, unknown> | null
    if (typeof holder?.run !== 'string') return undefined
    const word = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)
    const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
    const { run, user, machine, controller, pid, since, voters } = holder
    return {
      run,
      user: word(user, '?'),
      machine: word(machine, ''),
      controller: word(controller, '?'),
      pid: number(pid),
      since: number(since),
      ...(typeof voters === 'string' ? { voters } : {}),
    }
  } catch {
    return undefined
  }
}

function heartbeatAge(heartbeat: string, now: string): number {
  const [beatBoot, beatUptime] = heartbeat.split(' ')
  const [boot, uptime] = now.split(' ')
  if (!beatUptime || !uptime || beatBoot !== boot) return Number.POSITIVE_INFINITY
  const age = Number(uptime) - Number(beatUptime)
  // A heartbeat from the future does not count, because it would never become stale.
  return Number.isFinite(age) && age >= -1 ? Math.max(0, age) * 1000 : Number.POSITIVE_INFINITY
}
