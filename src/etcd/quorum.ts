import type { Member } from './member.ts'

/** How many members vote, how many of those answer, and how many have to answer. */
export interface Quorum {
  readonly voters: number
  readonly healthy: number
  /** More than half of the voters. With fewer, etcd accepts no write, not even a change of members. */
  readonly needed: number
}

/** How many of `voters` have to answer; 0 when there are no voters. */
export function neededOf(voters: number): number {
  return voters === 0 ? 0 : Math.floor(voters / 2) + 1
}

/** The quorum of these members; learners do not count. */
export function quorumOf(members: readonly Member[]): Quorum {
  const voting = members.filter(member => !member.learner)
  return {
    voters: voting.length,
    healthy: voting.filter(member => member.healthy).length,
    needed: neededOf(voting.length),
  }
}

export function hasQuorum({ voters, healthy, needed }: Quorum): boolean {
  return voters > 0 && healthy >= needed
}

/** `2 of 3 voting members answer, 2 needed` */
export function describeQuorum({ voters, healthy, needed }: Quorum): string {
  return `${healthy} of ${voters} voting ${voters === 1 ? 'member answers' : 'members answer'}, ${needed} needed`
}

/** Says how many members a cluster of this size can lose, which is the reason against even sizes. */
export function describeTolerance(size: number): string {
  const losses = size - neededOf(size)
  return size === 1
    ? 'one alone survives no loss'
    : `${size} members need ${neededOf(size)} and survive the loss of ${losses}`
}
