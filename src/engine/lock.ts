import type { HostError, UserError } from '../core/errors.ts'
import { attendedBy } from './company.ts'
import { newHolder } from './controller.ts'
import { connect, exchange } from './exchange.ts'
import { majorityOf } from './generation.ts'
import { forEachHost } from './hosts.ts'
import { Lease } from './lease.ts'
import { keptForAnother } from './lock-errors.ts'
import { changeLock, releaseLock, releaseUnsure } from './lock-exchange.ts'
import { heartbeatStep } from './lock-scripts.ts'
import { isOutdated, type SeenLock } from './lock-seen.ts'
import { describeHolder, hostLockPaths, type LockHolder, type LockPaths, votersDigest } from './lock-state.ts'
import { takeLock } from './lock-taking.ts'
import type { Run } from './run.ts'

export interface LockOptions {
  /** Id of the run, as others see it. On the hosts, random digits follow it, because a run elsewhere may have the same id. */
  readonly id: string
  /**
   * Hosts that keep no lock of this run, but may keep that of a run with other voters, which is waited for. A run with these voters, or a
   * dead one, is none of their business. Hosts that do not answer are left out. Default: none.
   */
  readonly witnesses?: readonly string[]
  /** The lock as it was when the hosts were read; undefined if nothing was read before. */
  readonly seen?: SeenLock
  /** How long to wait for another holder, ms. Default 5 minutes; 0 gives up at once. */
  readonly waitMs?: number
  /** Time between two looks at a lock that is held, ms. Default 2000. */
  readonly pollMs?: number
  /** Time between two heartbeats, ms. Default 10 000. */
  readonly heartbeatMs?: number
  /** Folders on the host. */
  readonly paths?: LockPaths
  /** Asked at the end: the hosts on which nothing of evcctl is to be left, so that they forget the lock as well. Default: none. */
  readonly forgetful?: () => ReadonlySet<string>
  /** Who takes it. Default: this process. */
  readonly holder?: LockHolder
}

/** The lock as its holder sees it. */
export interface HeldLock {
  /** Another run may have written after the hosts were read: gather facts and evaluate again. */
  readonly outdated: boolean
  /** Another run may still write on hosts, because it was pushed aside or left something running: fence them first. */
  readonly unquiet: boolean
  /** The run to work with: it writes in the name of the lock, and ends what it does when the lock is lost. */
  readonly run: Run
}

/** The result of the work, and why the work was stopped if the lock was lost meanwhile. */
export interface LockedResult<T> {
  readonly result: T
  readonly lost: UserError | undefined
}

/**
 * Does work while holding the lock of a cluster on a majority of `voters`. Any two majorities have a host in common, so two
 * runs never hold it at once, whichever hosts each of them reaches. It waits for another holder, also for one whose cluster
 * file has other voters if the two have a voter in common. It pushes aside a holder that is dead or has given no sign for 60 s,
 * keeps the lock alive, and frees it however the work ends.
 * Throws UserError when the lock cannot be had, also because too few of the hosts answer.
 */
export async function withLock<T>(
  voters: readonly string[],
  run: Run,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<LockedResult<T>> {
  const { paths = hostLockPaths, seen, heartbeatMs = 10_000, witnesses = [] } = options
  const holder = { ...(options.holder ?? newHolder(options.id)), voters: votersDigest(voters) }
  const taking = { voters, witnesses, run, holder, paths, atLeast: (seen?.generation ?? 0) + 1 }
  const won = await takeLock(taking, options)
  const { taken, generation, replaced, contested } = won
  const [first = ''] = taken.keys()
  run.emit({ type: 'lock:taken', host: first, ...(replaced === undefined ? {} : { from: describeHolder(replaced) }) })
  const fence = { generation, run: holder.run, folder: paths.state }
  const lease = new Lease({
    fence,
    taken,
    majority: majorityOf(voters),
    everyMs: heartbeatMs,
    tell: (host, other) => run.emit({ type: 'note', host, text: keptForAnother(host, paths, other) }),
    async beat(voter, signal) {
      const state = await changeLock(
        voter,
        { ...run, stop: signal, abort: signal },
        heartbeatStep(paths, holder, generation),
        paths,
      )
      return state.holder?.run === holder.run ? undefined : state
    },
  })
  let finished = false
  try {
    const outdated = seen !== undefined && isOutdated(seen, won, voters)
    const unquiet = replaced !== undefined || contested || seen?.busy === true
    const stop = AbortSignal.any([run.stop, lease.signal])
    const abort = AbortSignal.any([run.abort, lease.signal])
    const result = await work({ outdated, unquiet, run: { ...run, stop, abort, writer: lease } })
    finished = !run.stop.aborted
    return { result, lost: lease.lost }
  } finally {
    await lease.end()
    if (lease.lost === undefined) {
      const releasing = releaseLock([...taken.keys()], taking, !finished, options.forgetful?.())
      const [[freed]] = await Promise.all([releasing, releaseUnsure([...won.unsure], taking)])
      if (freed !== undefined) run.emit({ type: 'lock:released', host: freed })
    }
  }
}

/**
 * Tells hosts the generation of this run, and ends what earlier runs still do there. Returns the hosts where that failed, and
 * why; it does not wait for a host that is much slower than the others. Nobody knows what still runs on these hosts. So a run
 * must neither write to them nor rely on what it reads from them.
 */
export async function fenceHosts(hosts: readonly string[], run: Run): Promise<ReadonlyMap<string, HostError>> {
  const nothing = { steps: [], verify: { script: ':', parse: () => undefined } }
  const { failed } = await forEachHost(
    hosts.map(host => [host, undefined] as const),
    run,
    async (host, _, attendance) => {
      const session = await connect(run, host)
      // The script may take a minute to end many processes before its first sign of life. Nobody waits that long for one host.
      const attended = attendedBy({ ...attendance, heard: () => attendance.heard(0) }, run)
      await exchange(run, session, { jobs: [nothing], probes: [] }, attended)
    },
  )
  return failed
}
