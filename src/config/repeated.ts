import { type Alias, type Document, isAlias, isScalar, type Node, visit, type YAMLMap } from 'yaml'

/** The values of aliases may make a text so much longer, characters: a thousand hosts with settings in common add some 100 KiB. */
const mostAdded = 16 * 1024 * 1024

/** So many anchors and aliases a file may have, e.g. one a host: yaml looks for each alias through all before it. */
const mostNames = 20_000

/** A key that stands in its mapping before: its place in the text. yaml itself compares each key with each. */
export function repeatedKeys(document: Document): readonly (readonly [number, number])[] {
  const places: (readonly [number, number])[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        // An empty key is an error of its own.
        if (seen.has(key.value) && key.range) places.push([key.range[0], key.range[1]])
        seen.add(key.value)
      }
    },
  })
  return places
}

/** Whether a short text with aliases stands for one that is longer than anybody means, or has more than `most` (20,000) names. */
export function standsForTooMuch(document: Document, most = mostNames): boolean {
  const anchors = new Map<string, Node>()
  const ends: number[] = []
  const added = [0]
  let names = 0
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        names += 1
        ends.push(node.range?.[1] ?? 0)
        added.push(added.at(-1)! + lengthOf(node, anchors, ends, added))
      } else if ('anchor' in node && typeof node.anchor === 'string') {
        names += 1
        anchors.set(node.anchor, node)
      }
      return names > most || added.at(-1)! > mostAdded ? visit.BREAK : undefined
    },
  })
  return names > most || added.at(-1)! > mostAdded
}

// Of what it names, with what the aliases in there add: those whose end lies between its begin and its end.
function lengthOf(
  alias: Alias,
  anchors: ReadonlyMap<string, Node>,
  ends: readonly number[],
  added: readonly number[],
): number {
  const [start = 0, end = 0] = anchors.get(alias.source)?.range ?? []
  const at = alias.range?.[0] ?? 0
  // Inside of what it names it stands for what has no end.
  if (at > start && at < end) return Number.POSITIVE_INFINITY
  return end - start + added[countUpTo(ends, end, added.length - 1)]! - added[countUpTo(ends, start, added.length - 1)]!
}

function countUpTo(ends: readonly number[], offset: number, most: number): number {
  let [from, to] = [0, Math.min(ends.length, most)]
  while (from < to) {
    const middle = (from + to) >> 1
    if (ends[middle]! <= offset) from = middle + 1
    else to = middle
  }
  return from
}

/** What each alias stands for: the last anchor of its name before it. yaml itself looks through the document for each. */
export function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source)
        if (target !== undefined) targets.set(node, target)
      } else if ('anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node)
    },
  })
  return targets
}

/** The pairs of a mapping by their keys. */
export function pairsOf(map: YAMLMap): ReadonlyMap<string, YAMLMap['items'][number]> {
  const pairs = new Map<string, YAMLMap['items'][number]>()
  for (const pair of map.items) {
    const name = isScalar(pair.key) ? String(pair.key.value) : undefined
    if (name !== undefined && !pairs.has(name)) pairs.set(name, pair)
  }
  return pairs
}
