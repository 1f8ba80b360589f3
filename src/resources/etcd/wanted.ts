import { ownValue } from '../../core/own-value.ts'
import type { WantedMember } from '../../etcd/index.ts'
import type { EtcdData } from './data.ts'

/** A host that has to be a member, as all hosts see it. */
export interface EtcdHost {
  readonly name: string
  readonly peerURL: string
  readonly clientURL: string
}

/** The content of the data folder of each host that answered, by name. */
export type EtcdDataByHost = Readonly<Record<string, EtcdData>>

/** The hosts as the planner needs them. What a host has that did not answer is unknown. */
export function wantedOf(members: readonly EtcdHost[], self: string, data: EtcdDataByHost): readonly WantedMember[] {
  const stateOf = (host: EtcdHost): WantedMember['data'] => {
    const known = ownValue(data, host.name)
    if (known === undefined) return 'unreachable'
    return known === 'none' ? 'empty' : 'present'
  }
  // This host comes first: the first planned step is then about it, unless another one has to be done before.
  return [...members]
    .sort((a, b) => Number(b.name === self) - Number(a.name === self))
    .map(host => ({ name: host.name, peerURL: host.peerURL, data: stateOf(host) }))
}

/**
 * The same for a later stage of an apply: every host that answered, except `self`, is assumed to have data by then. Facts
 * are read once, so a host that has joined since and is silent for a moment must not count as one that lost its data.
 */
export function wantedLater(members: readonly EtcdHost[], self: string, data: EtcdDataByHost): readonly WantedMember[] {
  return wantedOf(members, self, data).map(host =>
    host.name !== self && host.data === 'empty' ? { ...host, data: 'present' } : host,
  )
}

/** The client URLs by which a host asks the cluster: the others first, since its own member may be the faulty one. */
export function endpointsFor(members: readonly EtcdHost[], self: string): readonly string[] {
  return [...members]
    .sort((a, b) => Number(a.name === self) - Number(b.name === self))
    .map(({ clientURL }) => clientURL)
}
