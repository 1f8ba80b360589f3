import { type FirewallRule, firewallOpenings, type Role, type Task } from '../../src/index.ts'

export interface FirewallRoleParameters {
  /** What the firewall has to let through; empty to close everything that evcctl has opened. */
  readonly rules: readonly FirewallRule[]
  /** False: other ports that evcctl has opened stay open, because not all hosts of the cluster are known. */
  readonly closesOthers?: boolean
}

export interface FirewallRoleOutputs {
  /** Done when other hosts can connect. */
  readonly opened: Task
}

/** Opens the ports that the cluster needs in the firewalls that are active on the host. It switches no firewall on. */
export const firewall: Role<FirewallRoleParameters, FirewallRoleOutputs> = {
  name: 'firewall',
  declare: (scope, params) => ({ opened: scope.add(firewallOpenings(params)) }),
}

export interface FirewallClosingParameters {
  /** What the firewall still has to let through. */
  readonly rules: readonly FirewallRule[]
  /** Done when nobody needs other ports that evcctl has opened. */
  readonly after: readonly Task[]
}

/** Closes ports that evcctl opened for hosts that have left the cluster since. */
export const firewallClosing: Role<FirewallClosingParameters, { readonly closed: Task }> = {
  name: 'close-firewalls',
  declare: (scope, { rules, after }) => ({
    closed: scope.add(firewallOpenings({ rules, closesOthers: true, name: 'closing' }), { after }),
  }),
}
