/** A member of a stacked etcd, as a test gives it. */
export interface MemberGiven {
  readonly name: string
  /** Last part of its address in 192.0.2.0/24. */
  readonly host: number
  readonly learner?: boolean
  /** False: it was added, and has never started. */
  readonly started?: boolean
}

/** What etcd's gateway answers to the question for its members. `idOf`: the ID of the member at an address. */
export function memberList(members: readonly MemberGiven[], idOf: (host: number) => string): string {
  return JSON.stringify({
    header: { cluster_id: '1' },
    members: members.map(({ name, host, learner, started = true }) => ({
      ID: idOf(host),
      ...(started ? { name } : {}),
      peerURLs: [`https://192.0.2.${host}:2380`],
      ...(started ? { clientURLs: [`https://192.0.2.${host}:2379`] } : {}),
      ...(learner ? { isLearner: true } : {}),
    })),
  })
}
