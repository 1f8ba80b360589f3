/** Up to so many nodes before it, a node asks them all. */
const askedByAll = 8

/**
 * The nodes whose pods are asked from each node: those before it in the file, so that each pair is asked once and a node
 * that is new at the end of the file gives the others nothing to do. An answer proves both ways, since it has to come back.
 * In a large cluster a node asks the 1st, 2nd, 4th, 8th, … before it and the first one: some ten of a thousand.
 *
 * @param nodes all nodes of the file, also those that do not answer: else one that is off would give others new peers
 */
export function peersOf<T>(nodes: readonly T[]): ReadonlyMap<T, readonly T[]> {
  return new Map(nodes.map((node, at) => [node, placesBefore(at).map(place => nodes[place]!)]))
}

function placesBefore(at: number): readonly number[] {
  if (at <= askedByAll) return Array.from({ length: at }, (_, place) => place)
  const distances = Array.from({ length: Math.floor(Math.log2(at)) + 1 }, (_, power) => 2 ** power)
  return [...new Set([0, ...distances.map(distance => at - distance).reverse()])]
}
