import { type Document, isScalar, visit, type YAMLMap } from 'yaml'

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

/** The pairs of a mapping by their keys. */
export function pairsOf(map: YAMLMap): ReadonlyMap<string, YAMLMap['items'][number]> {
  const pairs = new Map<string, YAMLMap['items'][number]>()
  for (const pair of map.items) {
    const name = isScalar(pair.key) ? String(pair.key.value) : undefined
    if (name !== undefined && !pairs.has(name)) pairs.set(name, pair)
  }
  return pairs
}
