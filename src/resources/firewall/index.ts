/** What a host's firewall lets through, for each kind of firewall. */

export * from './firewall.ts'
export * from './rule.ts'
