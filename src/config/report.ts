import { type ErrorDetails, exitCodes, UserError } from '../core/index.ts'

/** An error in cluster.yaml or in a file that it names, found before any host was contacted. */
export function badInput(details: ErrorDetails, cause?: unknown): UserError {
  return new UserError(details, { exitCode: exitCodes.badInput, cause })
}
