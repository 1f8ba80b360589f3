import { type FirewallRule, firewallOpenings, type Role, type Task } from '../../src/index.ts'

export interface FirewallRoleParameters {
  /** What is to be let through; empty to close all that evcctl has opened. */
  readonly rules: readonly FirewallRule[]
  /** False: what is open besides stays open, because not all hosts of the cluster are known. */
  readonly closesOthers?: boolean
}

export interface FirewallRoleOutputs {
  /** Done when other hosts get in. */
  readonly opened: Task
}

/** What the cluster needs open, in the firewalls that are active on the host; none is switched on. */
export const firewall: Role<FirewallRoleParameters, FirewallRoleOutputs> = {
  name: 'firewall',
  declare: (scope, params) => ({ opened: scope.add(firewallOpenings(params)) }),
}
