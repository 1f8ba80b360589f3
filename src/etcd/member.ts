/** An etcd member: what the cluster lists about it, completed by a probe of the member's own endpoint. */
export interface Member {
  /** Hexadecimal, as etcdctl prints it. The ID decides which member a change is about. */
  readonly id: string
  /** Empty until the member has started for the first time. */
  readonly name: string
  readonly peerURLs: readonly string[]
  /** Empty until the member has started for the first time. */
  readonly clientURLs: readonly string[]
  /** A learner receives the log but does not vote: it neither counts for the quorum nor makes the quorum larger. */
  readonly learner: boolean
  /** Whether the member answers now. Always false for a member that was never started. */
  readonly healthy: boolean
  /** Whether a learner has caught up with the leader, so that it can be promoted. */
  readonly inSync?: boolean
}

/** A host that should be an etcd member. */
export interface WantedMember {
  readonly name: string
  /** The URL at which the other members reach this one. URLs are compared as a whole, never by their beginning. */
  readonly peerURL: string
  /** The member ID in the etcd data of the host. Undefined when there is no data, or the ID is not known. */
  readonly id?: string
  /**
   * The etcd data of the host. `empty`: there is none, so a member that ran there before cannot return and is replaced.
   * `unreachable`: the host does not answer, so nothing is known and nothing can be started there.
   */
  readonly data: 'present' | 'empty' | 'unreachable'
}

/** Whether a member has ever run: etcd learns the client URLs of a member from that member itself. */
export function hasStarted(member: Member): boolean {
  return member.clientURLs.length > 0
}

/** Finds the member that belongs to a host: by ID if the host knows its ID, else by exact peer URL. */
export function memberOf(wanted: WantedMember, members: readonly Member[]): Member | undefined {
  if (wanted.id !== undefined) {
    const same = members.find(member => member.id === wanted.id)
    if (same !== undefined) return same
  }
  return members.find(member => member.peerURLs.includes(wanted.peerURL))
}
