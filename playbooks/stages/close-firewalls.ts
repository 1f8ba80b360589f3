import { firewallClosing } from '../../roles/firewall/index.ts'
import type { Site, Task } from '../../src/index.ts'

/**
 * Closes the firewalls for hosts that have left. Until then they have to be let in: a node that is drained needs the API, and
 * a member of etcd the other members.
 */
export function closeFirewalls({ inventory, declare }: Site, after: readonly Task[]): void {
  if (!inventory.spec.firewall.manage || inventory.leaving.length === 0) return
  for (const machine of inventory.machines) {
    const { rules, complete } = inventory.openings(machine.host)
    if (complete) declare(firewallClosing, machine.name, { rules, after })
  }
}
