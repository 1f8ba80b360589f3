import type { Scope } from './scope.ts'

/**
 * A typed group of tasks on one host: parameters in, outputs out, no I/O and no loops over hosts. Parameters come from
 * code that the compiler has checked, out of a cluster.yaml that the schema has checked.
 */
export interface Role<P, O> {
  readonly name: string
  declare(scope: Scope, params: P): O
}
