import { askingProbeMs, surveyBytes } from '../../core/limits.ts'
import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import type { FirewallBackEnd } from './back-end.ts'
import { type FirewalldState, firewalld } from './firewalld.ts'
import { type IptablesState, iptables } from './iptables.ts'
import { iptablesScript } from './iptables-rule.ts'
import { type NftablesState, nftables } from './nftables.ts'
import { common, distinct, type FirewallRule, openings, without } from './rule.ts'
import { type UfwState, ufw } from './ufw.ts'

export interface FirewallParameters {
  /** What is to be let through. Without rules everything that evcctl has opened is closed, in inactive firewalls too. */
  readonly rules: readonly FirewallRule[]
  /**
   * Whether what evcctl has opened besides is closed. Default true; false as long as not all is known that needs
   * something open, e.g. because a host of the cluster does not answer.
   */
  readonly closesOthers?: boolean
}

export interface FirewallState {
  readonly ufw: UfwState
  readonly firewalld: FirewalldState
  readonly nftables: NftablesState
  readonly iptables: IptablesState
}

export interface FirewallDesired {
  readonly rules: readonly FirewallRule[]
  readonly closesOthers: boolean
}

/**
 * What the firewalls of a host let through, in each that is active (ufw, firewalld, nftables, iptables), and after a boot
 * too. Only rules of evcctl's own are added and removed, before those of the user: no firewall is switched on, no default
 * is changed, and no rule of the user's. Where none is active there is nothing to do.
 */
export function firewallOpenings(parameters: FirewallParameters): Resource<FirewallState, FirewallDesired> {
  const rules = distinct(parameters.rules)
  const desired = { rules, closesOthers: parameters.closesOthers ?? true }
  return {
    kind: 'firewall',
    name: 'openings',
    title: 'firewall',
    probe: {
      script: [iptablesScript, ufw.script, firewalld.script, nftables.script, iptables.script].join(''),
      timeoutMs: askingProbeMs,
      maxBytes: surveyBytes,
      parse: (raw: ProbeResult) => ({
        ufw: ufw.parse(raw),
        firewalld: firewalld.parse(raw),
        nftables: nftables.parse(raw),
        iptables: iptables.parse(raw),
      }),
    },
    desired,
    diff(current) {
      const fields = parts(current).flatMap(part => part.changes(desired))
      if (fields.length === 0) return undefined
      if (fields.every(({ before }) => before === undefined)) return { action: 'create', fields }
      return { action: rules.length === 0 ? 'delete' : 'update', fields }
    },
    converge: (current, wanted) =>
      parts(current).flatMap(part => (part.changes(wanted).length === 0 ? [] : part.steps(wanted))),
    removal: {
      left: current => parts(current).flatMap(part => part.changes(nothing)),
      steps: current => parts(current).flatMap(part => (part.changes(nothing).length === 0 ? [] : part.steps(nothing))),
    },
    explain: failure => ufw.explain?.(failure) ?? firewalld.explain?.(failure),
  }
}

const nothing: FirewallDesired = { rules: [], closesOthers: true }

function parts(current: FirewallState) {
  return [
    part(ufw, current.ufw),
    part(firewalld, current.firewalld),
    part(nftables, current.nftables),
    part(iptables, current.iptables),
  ]
}

function part<S>(backEnd: FirewallBackEnd<S>, state: S) {
  const { now, kept } = backEnd.opened(state)
  const others = backEnd.others(state)
  const wanted = ({ rules, closesOthers }: FirewallDesired) => {
    const relevant = rules.filter(rule => backEnd.concerns(state, rule))
    return closesOthers || rules.length === 0 ? relevant : distinct([...relevant, ...now, ...kept])
  }
  return {
    changes(desired: FirewallDesired): readonly FieldChange[] {
      // A firewall that was switched off keeps what it has, until evcctl is to leave the host.
      if (desired.rules.length > 0 && !backEnd.isActive(state)) return []
      const rules = wanted(desired)
      // What is open but not for long, or not yet, counts as missing where it is wanted, and as open where it is not.
      const left = without([...now, ...kept], rules)
      const before = distinct([...common(kept, now), ...left, ...common(rules, others)])
      const fields = [...openings(before, rules), ...backEnd.faults(state, rules)]
      return fields.map(field => ({ ...field, field: `${backEnd.name} ${field.field}` }))
    },
    steps: (desired: FirewallDesired) => backEnd.steps(state, wanted(desired)),
  }
}
