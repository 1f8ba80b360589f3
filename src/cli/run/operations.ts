import { cluster } from '../../../playbooks/cluster.ts'
import type { Operation } from '../../cluster/index.ts'
import { ownValue } from '../../core/index.ts'

/** The operations that plans can be saved of, by the name that a saved plan gives them. */
const operations: Readonly<Record<string, Operation>> = { cluster }

/** The operation of a saved plan; undefined if this evcctl has none of that name. */
export function operationNamed(name: string): Operation | undefined {
  return ownValue(operations, name)
}
