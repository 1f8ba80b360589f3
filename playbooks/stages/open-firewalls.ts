import { firewall } from '../../roles/firewall/index.ts'
import type { Machine, Site, Task } from '../../src/index.ts'

export interface OpenedHost {
  readonly machine: Machine
  /** Done when other hosts can reach this one; empty if evcctl does not manage firewalls. */
  readonly opened: readonly Task[]
}

/**
 * Opens the firewalls of all hosts for each other. It waits for nothing. Hosts that leave are still let in: see
 * close-firewalls.ts.
 */
export function openFirewalls({ inventory, declare }: Site): readonly OpenedHost[] {
  return inventory.machines.map(machine => {
    if (!inventory.spec.firewall.manage) return { machine, opened: [] }
    const { rules, complete } = inventory.openings(machine.host)
    const closesOthers = complete && inventory.leaving.length === 0
    const { opened } = declare(firewall, machine.name, { rules, closesOthers })
    return { machine, opened: [opened] }
  })
}
