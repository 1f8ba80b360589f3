import { beginningOf } from '../../core/cut.ts'
import type { ErrorDetails } from '../../core/error-details.ts'
import { type ExitCode, exitCodes, UserError, UserErrors } from '../../core/errors.ts'
import { errorTexts, jsonLine, printable } from '../../report/index.ts'
import { usageError } from './usage-errors.ts'

/** How errors are to be shown; read from the raw arguments, because parsing them may be what failed. */
export interface FailureOptions {
  readonly json: boolean
  readonly debug: boolean
  /** The command as typed, e.g. `local up`, for hints. */
  readonly command: string
  readonly flags: readonly string[]
}

/** Prints an error for the user and returns its exit code. */
export function showFailure(error: unknown, options: FailureOptions, write: (text: string) => unknown): ExitCode {
  const shown = toUserErrors(error, options)
  if (shown.length === 0) return exitCodes.ok
  const exitCode = shown[0]!.exitCode
  if (options.json) {
    const errors = shown.map(one => ({
      ...safeDetails(one.details),
      ...('host' in one ? { host: printable(String(one.host)) } : {}),
    }))
    write(`${jsonLine({ type: 'error', at: Date.now(), exitCode, errors })}\n`)
  } else {
    write(`${errorTexts(shown.map(one => safeDetails(one.details))).join('\n\n')}\n`)
  }
  if (options.debug && error instanceof Error) write(`${printable(stackOf(error))}\n`)
  return exitCode
}

/** How much of one detail is shown, in characters: an error must stay readable. */
const longestDetail = 8_000

// Errors may contain texts of hosts, even of hosts whose key was never checked. So each detail is masked and made printable.
function safeDetails(details: ErrorDetails): ErrorDetails {
  const entries = Object.entries(details).map(([key, text]: [string, unknown]) => {
    const whole = printable(String(text))
    return [key, whole.length <= longestDetail ? whole : `${beginningOf(whole, longestDetail)} …`]
  })
  return Object.fromEntries(entries) as unknown as ErrorDetails
}

function toUserErrors(error: unknown, options: FailureOptions): readonly UserError[] {
  if (error instanceof UserErrors) return error.errors
  if (error instanceof UserError) return [error]
  if (!(error instanceof Error)) return [new UserError({ problem: `evcctl failed: ${String(error)}` })]
  const usage = usageError(error, options)
  if (usage !== undefined) return usage === 'none' ? [] : [usage]
  return [systemError(error) ?? ownMistake(error, options)]
}

/** Errors of the operating system that a user can act on. */
function systemError(error: NodeJS.ErrnoException): UserError | undefined {
  if (error.code === undefined || error.syscall === undefined) return undefined
  const known: Record<string, string> = {
    ENOENT: 'There is no such file or folder.',
    EACCES: 'Permission denied.',
    EISDIR: 'This is a folder; a file is needed.',
    ENOTDIR: 'A part of this path is not a folder.',
    ENOSPC: 'No space is left on the disk.',
    EROFS: 'The file system is read-only.',
    ECONNREFUSED: 'The connection was refused.',
  }
  const where = error.path === undefined ? {} : { where: error.path }
  return new UserError(
    { ...where, problem: known[error.code] ?? `${error.syscall} failed: ${error.code}` },
    { cause: error },
  )
}

function ownMistake(error: Error, options: FailureOptions): UserError {
  const next = options.debug ? 'Please report it.' : 'Run it again with --debug for the place, and please report it.'
  return new UserError({ problem: `evcctl made a mistake: ${error.message}`, next }, { cause: error })
}

function stackOf(error: Error): string {
  const stack = error.stack ?? String(error)
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack
}
