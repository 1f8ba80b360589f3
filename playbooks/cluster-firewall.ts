import { firewall } from '../roles/firewall/index.ts'
import type { ClusterSpec, GraphBuilder, Task } from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { openingsOf } from './cluster-ports.ts'

/** What each host has to have done before others can reach it; nothing where firewalls are left alone. */
export type OpenedFirewalls = ReadonlyMap<Machine, readonly Task[]>

/** Opens the firewalls of all hosts for each other; waits for nothing. */
export function openFirewalls(builder: GraphBuilder, spec: ClusterSpec, machines: readonly Machine[]): OpenedFirewalls {
  const openings = openingsOf(spec, machines)
  return new Map(
    machines.map(machine => {
      const { name } = machine.host
      if (!spec.firewall.manage) return [machine, []]
      const { rules, complete } = openings(machine.host)
      const role = firewall.declare(builder.scope(name, firewall.name), { rules: [...rules], closesOthers: complete })
      return [machine, [role.opened]]
    }),
  )
}
