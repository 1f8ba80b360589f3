import { GraphBuilder } from '../core/index.ts'
import type { Renewal } from '../resources/pki/index.ts'
import type { Distribution, Site } from './distribution.ts'
import type { Inventory } from './inventory.ts'

/** Begins the graph of an operation, which renews certificates that are about to expire, or all. Throws UserError if the first control plane node did not answer. */
export function siteOf(inventory: Inventory, distribution: Distribution, renewal: Renewal = 'due'): Site {
  const builder = new GraphBuilder()
  return {
    inventory,
    distribution,
    builder,
    first: inventory.first,
    renewal,
    declare: (role, host, params) => role.declare(builder.scope(host, role.name), params),
  }
}
