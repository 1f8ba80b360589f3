import { type ErrorDetails, formatError } from './error-details.ts'
import { boundedDetails, shownDetails } from './shown.ts'

/** The documented exit codes of the command line (docs/commands.md). */
export const exitCodes = {
  ok: 0,
  /** At least one task failed, or the run could not begin. */
  failed: 1,
  /** `plan --exit-code` found changes. */
  changes: 2,
  /** cluster.yaml, a flag or an argument is not acceptable; no host was contacted. */
  badInput: 3,
  /** At least one host could not be reached, or evcctl could not log in or become root there. */
  unreachable: 4,
  /** Stopped by ^C (128 + SIGINT). */
  cancelled: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** An error that is shown to the user as it is, without a stack trace. */
export class UserError extends Error {
  readonly details: ErrorDetails
  readonly exitCode: ExitCode

  constructor(details: ErrorDetails, options: { cause?: unknown; exitCode?: ExitCode } = {}) {
    const bounded = boundedDetails(details)
    super(formatError(bounded), { cause: options.cause })
    this.name = 'UserError'
    this.details = bounded
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

/** Several errors found in one go, e.g. all that is wrong in a cluster.yaml. */
export class UserErrors extends UserError {
  readonly errors: readonly UserError[]

  constructor(errors: readonly UserError[]) {
    const first = errors[0]
    if (first === undefined) throw new RangeError('UserErrors needs at least one error')
    super(first.details, { exitCode: first.exitCode })
    this.name = 'UserErrors'
    this.errors = errors
    this.message = errors.map(error => error.message).join('\n\n')
  }
}

/**
 * Why a host could not be used.
 * `lost`: the connection ended during an exchange, so the outcome of the exchange is unknown. Probe again; never treat it as
 * success.
 * `unfit`: the host answers, but in its present state it cannot be part of the cluster or keep the run lock.
 * `fenced`: a later run has written to the host, or this run has lost its lock. The script that was to be sent, or was sent,
 * did not run; earlier scripts of the same exchange (it has several if it pushes files) may have run.
 */
export type HostErrorKind =
  | 'unreachable'
  | 'host key'
  | 'login'
  | 'root'
  | 'lost'
  | 'timed out'
  | 'cancelled'
  | 'protocol'
  | 'unfit'
  | 'fenced'

/** An error of the connection to one host. What the host has printed is in it without credentials: see shownDetails(). */
export class HostError extends UserError {
  readonly host: string
  readonly kind: HostErrorKind

  constructor(host: string, kind: HostErrorKind, details: ErrorDetails, options: { cause?: unknown } = {}) {
    super(shownDetails(details), {
      ...options,
      exitCode: exitCodeOf(kind),
    })
    this.name = 'HostError'
    this.host = host
    this.kind = kind
  }
}

function exitCodeOf(kind: HostErrorKind): ExitCode {
  if (kind === 'cancelled') return exitCodes.cancelled
  return kind === 'unfit' ? exitCodes.failed : exitCodes.unreachable
}
