import { type Document, isScalar, visit, type YAMLMap } from 'yaml'

/** The places in the text of keys that their mapping already has. yaml itself would compare every pair of keys. */
export function repeatedKeys(document: Document): readonly (readonly [number, number])[] {
  const places: (readonly [number, number])[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        // An empty key is reported as another error.
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
