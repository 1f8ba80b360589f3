import { type Alias, type Document, isAlias, type Node, visit } from 'yaml'

/** The values of aliases may make a text so much longer, characters: a thousand hosts with settings in common add some 100 KiB. */
const mostAdded = 16 * 1024 * 1024

/** So many anchors and aliases a file may have, e.g. one a host: yaml looks for each alias through all before it. */
const mostNames = 20_000

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
