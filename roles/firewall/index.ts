import { z } from 'zod'
import { defineRole, type FirewallRule, firewallOpenings, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** What is to be let through; empty to close all that evcctl has opened. */
  rules: z.array(z.custom<FirewallRule>()),
  /** False: what is open besides stays open, because not all hosts of the cluster are known. */
  closesOthers: z.boolean().default(true),
})

export type FirewallRoleParameters = z.output<typeof parameters>

export interface FirewallRoleOutputs {
  /** Done when other hosts get in. */
  readonly opened: Task
}

/** What the cluster needs open, in the firewalls that are active on the host; none is switched on. */
export const firewall = defineRole<FirewallRoleParameters, FirewallRoleOutputs>({
  name: 'firewall',
  params: parameters,
  declare: (scope, params) => ({ opened: scope.add(firewallOpenings(params)) }),
})
