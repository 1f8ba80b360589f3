import { type Alias, type Document, isAlias, type Node, visit } from 'yaml'

/** How much longer the values of aliases may make a text, in characters. A thousand hosts with shared settings add about 100 KiB. */
const mostAdded = 16 * 1024 * 1024

/** The most anchors and aliases in a file, which may have one for each host. For each alias, yaml searches all before it. */
const mostNames = 20_000

/** Whether aliases expand a text far beyond any sensible length, or it has more than `most` anchors and aliases. */
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

// The length of an alias's target, plus what the aliases inside the target add: those that end within its range.
function lengthOf(
  alias: Alias,
  anchors: ReadonlyMap<string, Node>,
  ends: readonly number[],
  added: readonly number[],
): number {
  const [start = 0, end = 0] = anchors.get(alias.source)?.range ?? []
  const at = alias.range?.[0] ?? 0
  // An alias inside its own target expands without end.
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

/** The target of each alias: the last anchor of its name before it. yaml itself would search the document for each alias. */
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
