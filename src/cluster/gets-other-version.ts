import type { ClusterSpec } from '../config/index.ts'
import type { HostFacts } from '../facts/index.ts'
import type { Machine } from './machines.ts'
import { type MinorOnTheWay, serverVersion } from './minors-on-the-way.ts'
import { isControlPlane } from './nodes.ts'
import { wasCutOff } from './was-cut-off.ts'

/**
 * Whether a machine is a node whose API server or kubelet has another version than the file wants. A host that evcctl only
 * began to make a node is none.
 */
export function getsOtherVersion(spec: Pick<ClusterSpec, 'kubernetes'>, machine: Pick<Machine, 'facts'>): boolean {
  const { version } = spec.kubernetes
  const { kubernetes, remains } = machine.facts
  const { kubelet = version, kubeletConf } = kubernetes
  return kubeletConf && !remains.begun && (kubelet !== version || serverGetsOtherVersion(spec, machine))
}

/**
 * Whether a machine runs an API server of another version than the file wants, or gets such a one back: see serverVersion().
 */
export function serverGetsOtherVersion(
  { kubernetes: { version } }: Pick<ClusterSpec, 'kubernetes'>,
  machine: Pick<Machine, 'facts'>,
): boolean {
  return (serverVersion(machine) ?? version) !== version
}

/**
 * The names of the control plane nodes that an upgrade has not begun to change, or that do not answer. A node whose static pods
 * are being replaced has no manifest of an API server for a moment; a run that is killed then leaves it so. `way`: see
 * minorsOnTheWay(); a node that is ahead of others there has been changed.
 */
export function untouchedServers(
  { hosts, kubernetes: { version } }: Pick<ClusterSpec, 'hosts' | 'kubernetes'>,
  facts: ReadonlyMap<string, HostFacts>,
  [next]: readonly MinorOnTheWay[],
): readonly string[] {
  const isUntouched = (name: string, known: HostFacts | undefined) => {
    if (known === undefined) return true
    const { apiServer = version } = known.kubernetes
    return apiServer !== version && !wasCutOff(known) && (next === undefined || next.behind.includes(name))
  }
  return hosts
    .filter(host => isControlPlane(host) && isUntouched(host.name, facts.get(host.name)))
    .map(({ name }) => name)
}
