import type { ClusterSpec } from '../../config/index.ts'
import { exitCodes, UserError, UserErrors } from '../../core/index.ts'

/**
 * Throws UserErrors that name each secret of a cluster file that a timer cannot have: it has no terminal to ask on, and not the environment
 * of the person who installs it.
 */
export function refuseSecretsWithoutFile(spec: ClusterSpec): void {
  const places = new Map<string, string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { where, fromEnv, prompt } = value as Readonly<Record<string, unknown>>
    if (typeof where === 'string' && typeof fromEnv === 'string') places.set(where, `fromEnv: ${fromEnv}`)
    if (typeof where === 'string' && prompt === true) places.set(where, 'prompt: true')
    for (const inner of Object.values(value)) visit(inner)
  }
  visit(spec)
  if (places.size === 0) return
  throw new UserErrors(
    [...places].map(([where, actual]) => {
      const problem = 'A timer cannot have this secret: there is nobody to ask, and it has an environment of its own.'
      const expected = 'fromFile: a file that only its user can read'
      return new UserError({ where, problem, expected, actual }, { exitCode: exitCodes.badInput })
    }),
  )
}
