/** The highest generation to which hosts count. Numbers with one more digit are not always exact in JavaScript. */
export const lastGeneration = 999_999_999_999_999

/**
 * How far the generation of one host may be ahead of the others, e.g. because the host is from another cluster, or the others
 * were installed again. No cluster has so many runs, so a file with a higher number is damaged or made up. The bound is so low
 * that a host that lies needs a million runs to use up all generations.
 */
const farthestAhead = 1_000_000_000

/** The highest generation that a majority of the voters has reached; 0 if fewer answered. So a minority cannot raise it. */
export function reachedByMost(voters: readonly string[], generations: readonly number[]): number {
  return generations.toSorted((a, b) => b - a)[majorityOf(voters) - 1] ?? 0
}

/** Whether this generation of a host can be right when a majority of the voters has reached `reached`. */
export function isPlausible(generation: number, reached: number): boolean {
  return generation <= reached + farthestAhead && generation < lastGeneration
}

/** How many of the voters have to keep a lock. */
export function majorityOf(voters: readonly string[]): number {
  return Math.floor(voters.length / 2) + 1
}
