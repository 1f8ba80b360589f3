/** A document of kubeadm or of a component, as plain data. */
export type KubernetesDocument = Readonly<Record<string, unknown>>
/** The user's changes to such a document; see deepMerge(). */
export type DocumentPatch = Readonly<Record<string, unknown>>

export type Tree = Readonly<Record<string, unknown>>

/**
 * Merges `patch` into `base`; neither is changed.
 * - Objects are merged key by key.
 * - `null` removes a key.
 * - Lists whose items all have a `name` (kubeadm's extraArgs, extraEnvs, extraVolumes) are merged by it: items of the
 *   patch take the place of the base's items of the same name, others are added at the end.
 * - Every other list and every scalar replaces what was there.
 */
export function deepMerge(base: Tree, patch: Tree): Record<string, unknown> {
  const merged = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else if (value !== undefined) merged.set(key, mergeValue(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

/** True for a plain object: not a list, not null. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mergeValue(base: unknown, patch: unknown): unknown {
  // Merging into nothing removes the nulls inside the patch, too.
  if (isTree(patch)) return deepMerge(isTree(base) ? base : {}, patch)
  if (isNamedList(base) && isNamedList(patch)) return mergeByName(base, patch)
  return patch
}

type Named = Tree & { readonly name: string }

function isNamedList(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every(item => isTree(item) && typeof item.name === 'string')
}

function mergeByName(base: readonly Named[], patch: readonly Named[]): readonly Named[] {
  const replaced = new Set(patch.map(item => item.name))
  return [...base.filter(item => !replaced.has(item.name)), ...patch]
}
