/** Hosts count the lock up to here: with one more digit a number is not exact in this program any more. */
export const lastGeneration = 999_999_999_999_999

/**
 * How many more runs one host may know of than others do: it was kept by a former cluster, or the others were made again. No
 * cluster is written to this often, so a file that says more is damaged or made up. It is small enough that a host which lies
 * needs a million runs to use all numbers up.
 */
const farthestAhead = 1_000_000_000

/** The highest generation that most voters have reached; 0 where fewer were heard. So a minority can raise it for nobody. */
export function reachedByMost(voters: readonly string[], generations: readonly number[]): number {
  return generations.toSorted((a, b) => b - a)[majorityOf(voters) - 1] ?? 0
}

/** Whether a host may know this generation while enough others have `reached` theirs. */
export function isPlausible(generation: number, reached: number): boolean {
  return generation <= reached + farthestAhead && generation < lastGeneration
}

/** How many of the voters have to keep a lock. */
export function majorityOf(voters: readonly string[]): number {
  return Math.floor(voters.length / 2) + 1
}
