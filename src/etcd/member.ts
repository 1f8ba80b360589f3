/** A member of an etcd cluster, as the cluster itself lists it and a probe of its endpoint completes it. */
export interface Member {
  /** Hexadecimal, as etcdctl prints it. Decides which member a change is about. */
  readonly id: string
  /** Empty until the member has started for the first time. */
  readonly name: string
  readonly peerURLs: readonly string[]
  /** Empty until the member has started for the first time. */
  readonly clientURLs: readonly string[]
  /** Receives the log but does not vote, so it neither counts for the quorum nor makes it larger. */
  readonly learner: boolean
  /** Whether it answers now. Always false for one that was never started. */
  readonly healthy: boolean
  /** Whether a learner has caught up with the leader, so that it can be promoted. */
  readonly inSync?: boolean
}

/** A host that is to be a member. */
export interface WantedMember {
  readonly name: string
  /** The one URL by which the other members reach it; compared as a whole, never by its beginning. */
  readonly peerURL: string
  /** ID that the data on the host says it has. Undefined: no data, or not known. */
  readonly id?: string
  /**
   * What the host has of etcd. `empty`: no data; a member that was started before cannot come back and is replaced.
   * `unreachable`: nothing is known, and nothing can be started there.
   */
  readonly data: 'present' | 'empty' | 'unreachable'
}

/** Whether a member has ever run: etcd knows its client URLs from itself. */
export function hasStarted(member: Member): boolean {
  return member.clientURLs.length > 0
}

/** The member that a host is: by ID if the host knows its own, else by exact peer URL. */
export function memberOf(wanted: WantedMember, members: readonly Member[]): Member | undefined {
  if (wanted.id !== undefined) {
    const same = members.find(member => member.id === wanted.id)
    if (same !== undefined) return same
  }
  return members.find(member => member.peerURLs.includes(wanted.peerURL))
}
