import type { ErrorDetails } from '../../core/error-details.ts'
import type { FieldChange, ProbeResult, Step, StepFailure } from '../../core/resource.ts'
import type { FirewallRule } from './rule.ts'

/** How one kind of firewall is read and written. S is the current state on a host. */
export interface FirewallBackEnd<S> {
  readonly name: string
  /** Read-only sh that prints `key=value` lines; see `Probe`. */
  readonly script: string
  parse(raw: ProbeResult): S
  /** Whether the firewall blocks packets: evcctl opens something only in such a firewall. */
  isActive(state: S): boolean
  /** False for rules without effect, e.g. for forwarding where everything is forwarded. */
  concerns(state: S, rule: FirewallRule): boolean
  /** The rules that evcctl has opened: those in force now, and those after a restart of the firewall or a boot. */
  opened(state: S): { readonly now: readonly FirewallRule[]; readonly kept: readonly FirewallRule[] }
  /** What the user's own rules allow; evcctl never changes or repeats these rules. */
  others(state: S): readonly FirewallRule[]
  /** Other faults that keep these rules from working; without rules: what evcctl has left behind. */
  faults(state: S, rules: readonly FirewallRule[]): Iterable<FieldChange>
  /** Replaces evcctl's own rules by these; without rules nothing of evcctl is left. */
  steps(state: S, rules: readonly FirewallRule[]): readonly Step[]
  explain?(failure: StepFailure): ErrorDetails | undefined
}
