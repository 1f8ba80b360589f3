import type { ZodType } from 'zod'
import type { Scope } from './scope.ts'

/** A typed group of tasks on one host: parameters in, outputs out, no I/O and no loops over hosts. */
export interface Role<P, O> {
  readonly name: string
  readonly params: ZodType<P>
  declare(scope: Scope, params: P): O
}

/** Gives a role its types; parameters are parsed when it is used, so that a playbook's mistake is named at once. */
export function defineRole<P, O>(role: Role<P, O>): Role<P, O> {
  return {
    ...role,
    declare(scope, params) {
      const parsed = role.params.safeParse(params)
      if (!parsed.success) throw new TypeError(`Role "${role.name}" on ${scope.host}: ${parsed.error.message}`)
      return role.declare(scope, parsed.data)
    },
  }
}
