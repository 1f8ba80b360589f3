import { type Place, placeBelow, rootPlace } from '../../core/credential-values.ts'
import { ownValue } from '../../core/own-value.ts'
import type { FieldChange } from '../../core/resource.ts'
import { isTree } from './deep-merge.ts'
import { missingFrom, textOf } from './subset.ts'

const zeros = new Set(['false', '0', '', '[]', '{}', '0s', '0'])

/**
 * The changes that a configuration document needs: fields that differ in `current`, and fields of the last recorded document
 * that are no longer desired and so return to their default. If a field with a zero value was recorded and `current` lacks
 * it, it counts as present, because the program that stored the document leaves out zero values.
 */
export function documentChanges(desired: unknown, current: unknown, recorded: unknown): readonly FieldChange[] {
  const unwritten = new Set(missingFrom(desired, recorded ?? {}).map(change => change.field))
  const changes = missingFrom(desired, current).filter(
    ({ field, before, after }) =>
      before !== undefined || unwritten.has(field) || typeof after !== 'string' || !zeros.has(after),
  )
  return [...changes, ...removed('', rootPlace, recorded, desired, current)]
}

function* removed(
  path: string,
  place: Place,
  recorded: unknown,
  desired: unknown,
  current: unknown,
): Iterable<FieldChange> {
  if (!isTree(recorded)) return
  for (const [key, value] of Object.entries(recorded)) {
    const at = path === '' ? key : `${path}.${key}`
    const wanted = isTree(desired) ? ownValue(desired, key) : undefined
    const now = isTree(current) ? ownValue(current, key) : undefined
    const below = placeBelow(place, key, recorded, current)
    if (wanted !== undefined) yield* removed(at, below, value, wanted, now)
    else if (isTree(value)) yield* removed(at, below, value, {}, now)
    else if (now !== undefined) yield { field: at, before: textOf(now, below), after: '(default)' }
  }
}
