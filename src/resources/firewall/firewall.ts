import { askingProbeMs, surveyBytes } from '../../core/limits.ts'
import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import type { FirewallBackEnd } from './back-end.ts'
import { type FirewalldState, firewalld } from './firewalld.ts'
import { type IptablesState, iptables } from './iptables.ts'
import { iptablesScript } from './iptables-rule.ts'
import { type NftablesState, nftables } from './nftables.ts'
import { common, distinct, type FirewallRule, inOrder, openings, without } from './rule.ts'
import { type UfwState, ufw } from './ufw.ts'

export interface FirewallParameters {
  /** The rules to open. Without rules everything that evcctl has opened is closed, in inactive firewalls too. */
  readonly rules: readonly FirewallRule[]
  /**
   * Whether other rules that evcctl has opened are closed. Default true; false as long as the set of needed rules is not
   * complete, e.g. because a host of the cluster does not answer.
   */
  readonly closesOthers?: boolean
  /** Distinguishes it from another task for the same rules on the host, e.g. one that comes later. Default `openings`. */
  readonly name?: string
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
 * The rules of evcctl in each firewall that is active on a host (ufw, firewalld, nftables, iptables), now and after a boot.
 * evcctl adds and removes only its own rules, which come before the user's. It switches no firewall on, and changes no
 * default and no rule of the user. Where no firewall is active there is nothing to do.
 */
export function firewallOpenings(parameters: FirewallParameters): Resource<FirewallState, FirewallDesired> {
  const rules = distinct(parameters.rules)
  const desired = { rules, closesOthers: parameters.closesOthers ?? true }
  return {
    kind: 'firewall',
    name: parameters.name ?? 'openings',
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
      // A firewall that was switched off keeps evcctl's rules until evcctl is removed from the host.
      if (desired.rules.length > 0 && !backEnd.isActive(state)) return []
      const rules = wanted(desired)
      // A rule that is open only now, or only after a boot, counts as missing if it is desired, and as open if it is not.
      const left = without([...now, ...kept], rules)
      const before = distinct([...common(kept, now), ...left, ...common(rules, others)])
      const fields = [...openings(before, rules), ...backEnd.faults(state, inOrder(rules))]
      return fields.map(field => ({ ...field, field: `${backEnd.name} ${field.field}` }))
    },
    steps: (desired: FirewallDesired) => backEnd.steps(state, inOrder(wanted(desired))),
  }
}
