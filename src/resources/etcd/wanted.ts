import { ownValue } from '../../core/own-value.ts'
import type { WantedMember } from '../../etcd/index.ts'
import type { EtcdData } from './data.ts'

/** A host that is to be a member, as all of them see it. */
export interface EtcdHost {
  readonly name: string
  readonly peerURL: string
  readonly clientURL: string
}

/** What each of the hosts that answered has in its data folder, by name. */
export type EtcdDataByHost = Readonly<Record<string, EtcdData>>

/** What the planner has to know of the hosts. Of one that did not answer it is not known what it has. */
export function wantedOf(members: readonly EtcdHost[], self: string, data: EtcdDataByHost): readonly WantedMember[] {
  const stateOf = (host: EtcdHost): WantedMember['data'] => {
    const known = ownValue(data, host.name)
    if (known === undefined) return 'unreachable'
    return known === 'none' ? 'empty' : 'present'
  }
  // This host first: what is planned then is about it, if nothing else has to be done before.
  return [...members]
    .sort((a, b) => Number(b.name === self) - Number(a.name === self))
    .map(host => ({ name: host.name, peerURL: host.peerURL, data: stateOf(host) }))
}

/**
 * The same for a later stage of an apply: every host that answered is taken to have data by then, but `self`. Facts are
 * read once, so a host that has joined meanwhile and is silent for a moment must not pass for one that lost its data.
 */
export function wantedLater(members: readonly EtcdHost[], self: string, data: EtcdDataByHost): readonly WantedMember[] {
  return wantedOf(members, self, data).map(host =>
    host.name !== self && host.data === 'empty' ? { ...host, data: 'present' } : host,
  )
}

/** The client URLs by which a host asks the cluster: the others first, since its own member may be the one in trouble. */
export function endpointsFor(members: readonly EtcdHost[], self: string): readonly string[] {
  return [...members]
    .sort((a, b) => Number(a.name === self) - Number(b.name === self))
    .map(({ clientURL }) => clientURL)
}
