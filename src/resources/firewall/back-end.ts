import type { ErrorDetails } from '../../core/error-details.ts'
import type { FieldChange, ProbeResult, Step, StepFailure } from '../../core/resource.ts'
import type { FirewallRule } from './rule.ts'

/** How one kind of firewall is read and written. S is what a host says of it. */
export interface FirewallBackEnd<S> {
  readonly name: string
  /** Read-only sh that prints `key=value` lines; see `Probe`. */
  readonly script: string
  parse(raw: ProbeResult): S
  /** Whether it keeps packets out: only then anything is opened in it. */
  isActive(state: S): boolean
  /** False for rules that would change nothing, e.g. of forwarding where everything is forwarded. */
  concerns(state: S, rule: FirewallRule): boolean
  /** What evcctl has opened: in force now, and again after a restart of the firewall and a boot. */
  opened(state: S): { readonly now: readonly FirewallRule[]; readonly kept: readonly FirewallRule[] }
  /** What the user's own rules let through; never touched, never repeated. */
  others(state: S): readonly FirewallRule[]
  /** What else is not as it has to be for these rules; without rules, what evcctl has left behind. */
  faults(state: S, rules: readonly FirewallRule[]): Iterable<FieldChange>
  /** Makes these rules, and no others, evcctl's own; without rules nothing of evcctl is left. */
  steps(state: S, rules: readonly FirewallRule[]): readonly Step[]
  explain?(failure: StepFailure): ErrorDetails | undefined
}
