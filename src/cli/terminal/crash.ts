import type { ExitCode } from '../../core/errors.ts'
import { handToOwner } from '../../core/fault-owner.ts'

/** How long what is under way may take to end after a mistake, ms: ending what runs on the hosts has 10 s there. */
const longestEndMs = 30_000

/** Something that went wrong in nobody's call. */
export interface Crash {
  readonly error: unknown
}

export interface CrashGuard {
  /** The first mistake so far. */
  crash(): Crash | undefined
  /** From here on nobody asks for it: what comes is shown at once. */
  done(): void
}

/**
 * Takes what is thrown in a timer, a listener or a promise that nobody looks at, which would end the process where it is: with
 * a stack trace, steps that go on on hosts, and a lock that is left. Instead all ends as by SIGTERM, and the command line tells
 * it as its error. What does not end within 30 s, or has nothing to end, ends with the exit code that `show` gives.
 */
export function guardAgainstCrashes(show: (error: unknown) => ExitCode): CrashGuard {
  let first: Crash | undefined
  let isDone = false
  let timer: NodeJS.Timeout | undefined
  const leave = (error: unknown) => process.exit(show(error))
  process.on('uncaughtException', error => {
    // Of one host only, which fails by it.
    if (handToOwner(error)) return
    // What follows from the first one says less than it.
    if (first !== undefined) return
    first = { error }
    // What failed has been told by then, and this may well be a consequence of it.
    if (isDone && process.exitCode) return process.exit()
    if (isDone || process.listenerCount('SIGTERM') === 0) return leave(error)
    // It keeps the process alive, too: what was to go on after this may have been lost.
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
