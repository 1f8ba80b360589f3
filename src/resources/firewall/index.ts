/** The rules that the cluster needs in a host's firewall, for each kind of firewall. */

export * from './firewall.ts'
export * from './rule.ts'
