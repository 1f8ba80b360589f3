/** A node asks all nodes before it as long as these are no more than this number. */
const askedByAll = 8

/**
 * The nodes whose pods each node asks in the network check. A node asks those before it in the file, so each pair is asked
 * once, and a new node at the end of the file makes no work for the others. An answer proves both directions, because it
 * has to come back. In a large cluster, a node asks the first node and the 1st, 2nd, 4th, 8th, … before it: about ten of a
 * thousand.
 *
 * @param nodes all nodes of the file, also those that do not answer, so that a missing node does not change others' peers
 */
export function peersOf<T>(nodes: readonly T[]): ReadonlyMap<T, readonly T[]> {
  return new Map(nodes.map((node, at) => [node, placesBefore(at).map(place => nodes[place]!)]))
}

function placesBefore(at: number): readonly number[] {
  if (at <= askedByAll) return Array.from({ length: at }, (_, place) => place)
  const distances = Array.from({ length: Math.floor(Math.log2(at)) + 1 }, (_, power) => 2 ** power)
  return [...new Set([0, ...distances.map(distance => at - distance).reverse()])]
}
