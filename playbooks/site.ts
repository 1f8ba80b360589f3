import { GraphBuilder, type Inventory, type Machine, type Role } from '../src/index.ts'

/** What the stages of an operation work on: the cluster, and the graph that they declare. */
export interface Site {
  readonly inventory: Inventory
  readonly builder: GraphBuilder
  /** The control plane node through which the cluster is worked on. */
  readonly first: Machine
  /** Declares a role on a host, which is given by its name. */
  declare<P, O>(role: Role<P, O>, host: string, params: P): O
}

/** Throws UserError where the first control plane node did not answer. */
export function siteOf(inventory: Inventory): Site {
  const builder = new GraphBuilder()
  return {
    inventory,
    builder,
    first: inventory.first,
    declare: (role, host, params) => role.declare(builder.scope(host, role.name), params),
  }
}
