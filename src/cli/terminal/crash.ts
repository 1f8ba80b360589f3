import type { ExitCode } from '../../core/errors.ts'
import { handToOwner } from '../../core/fault-owner.ts'

/** How long the run may take to end after a crash, ms. Ending the commands on the hosts may take 10 s of it. */
const longestEndMs = 30_000

/** An error that nobody catches, thrown in a timer, a listener or a promise. */
export interface Crash {
  readonly error: unknown
}

export interface CrashGuard {
  /** The first crash so far. */
  crash(): Crash | undefined
  /** The command line calls this before it asks for the crash the last time. Later errors are shown at once. */
  done(): void
}

/**
 * Handles errors that are thrown in a timer, a listener or a promise that nobody awaits. Node would end the process at
 * once, with a stack trace, commands still running on hosts, and the lock still held. Instead the run ends as on SIGTERM,
 * and the command line shows the error. If the run has not ended after 30 s, or nothing listens for SIGTERM, the process
 * exits with the code that `show` returns.
 */
export function guardAgainstCrashes(show: (error: unknown) => ExitCode): CrashGuard {
  let first: Crash | undefined
  let isDone = false
  let timer: NodeJS.Timeout | undefined
  const leave = (error: unknown) => process.exit(show(error))
  process.on('uncaughtException', error => {
    // The error belongs to one host only, so only that host fails.
    if (handToOwner(error)) return
    // Later errors are often consequences of the first one, which says more.
    if (first !== undefined) return
    first = { error }
    // A failure has already been shown, and this error may well be a consequence of it.
    if (isDone && process.exitCode) return process.exit()
    if (isDone || process.listenerCount('SIGTERM') === 0) return leave(error)
    // The timer also keeps the process alive, because the crash may have lost whatever else would keep it so.
    timer = setTimeout(leave, longestEndMs, error)
    process.emit('SIGTERM', 'SIGTERM')
  })
  return {
    crash: () => first,
    done() {
      isDone = true
      clearTimeout(timer)
    },
  }
}
