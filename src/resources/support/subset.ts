import { type Place, placeBelow, rootPlace, withoutSecretValues } from '../../core/credential-values.ts'
import { ownValue } from '../../core/own-value.ts'
import type { FieldChange } from '../../core/resource.ts'
import { isTree } from './deep-merge.ts'
import { sameScalar } from './scalar.ts'

export interface SubsetOptions {
  /**
   * Whether a desired zero value (false, 0, '', [] or {}) that is missing counts as equal. Set it for objects that an API
   * server has stored: it leaves zero values out.
   */
  readonly absentIsZero?: boolean
  /**
   * Keys that identify the items of a list: the first one that every item of both lists has. Default: lists are compared item
   * by item.
   */
  readonly listKeys?: readonly string[]
}

/**
 * The parts of `desired` that `current` lacks, a field each with its path (`spec.template.spec.containers[0].image`).
 * Fields that only `current` has belong to somebody else (defaults, status) and are ignored, except in items of lists, which
 * are compared whole. Credentials are hidden in the values that it returns.
 */
export function missingFrom(desired: unknown, current: unknown, options: SubsetOptions = {}): readonly FieldChange[] {
  return [...compare('', rootPlace, desired, current, options)]
}

function* compare(
  path: string,
  place: Place,
  desired: unknown,
  current: unknown,
  options: SubsetOptions,
): Iterable<FieldChange> {
  if (current === undefined && options.absentIsZero && isZero(desired)) return
  if (isTree(desired)) {
    if (current !== undefined && current !== null && !isTree(current)) yield change(path, place, desired, current)
    else yield* compareTrees(path, place, desired, isTree(current) ? current : {}, options)
  } else if (Array.isArray(desired)) {
    if (Array.isArray(current)) yield* compareLists(path, place, desired, current, options)
    else yield change(path, place, desired, current)
  } else if (!sameScalar(desired, current)) {
    yield change(path, place, desired, current)
  }
}

function* compareTrees(
  path: string,
  place: Place,
  desired: Readonly<Record<string, unknown>>,
  current: Readonly<Record<string, unknown>>,
  options: SubsetOptions,
): Iterable<FieldChange> {
  if (Object.keys(desired).length === 0 && Object.keys(current).length === 0) return
  for (const [key, value] of Object.entries(desired)) {
    if (value === undefined || value === null) continue
    const present = ownValue(current, key)
    yield* compare(join(path, key), placeBelow(place, key, desired, current), value, present, options)
  }
}

function* compareLists(
  path: string,
  place: Place,
  desired: readonly unknown[],
  current: readonly unknown[],
  options: SubsetOptions,
): Iterable<FieldChange> {
  const key = options.listKeys?.find(name => hasKey(desired, name) && hasKey(current, name))
  if (key !== undefined) {
    yield* compareKeyed(path, place, key, desired as readonly Keyed[], current as readonly Keyed[], options)
  } else if (desired.length !== current.length) {
    yield change(path, place, desired, current)
  } else {
    for (const [index, item] of desired.entries()) {
      const below = placeBelow(place, index, desired, current)
      yield* compare(`${path}[${index}]`, below, item, current[index], options)
    }
  }
}

type Keyed = Readonly<Record<string, unknown>>

function hasKey(list: readonly unknown[], key: string): boolean {
  const values = list.map(item => (isTree(item) ? item[key] : undefined))
  return !values.includes(undefined) && new Set(values).size === values.length
}

function* compareKeyed(
  path: string,
  place: Place,
  key: string,
  desired: readonly Keyed[],
  current: readonly Keyed[],
  options: SubsetOptions,
): Iterable<FieldChange> {
  for (const item of desired) {
    const found = current.find(other => sameScalar(item[key], other[key]))
    yield* compare(`${path}[${item[key]}]`, place, item, found, options)
  }
  for (const item of current) {
    if (!desired.some(other => sameScalar(item[key], other[key])))
      yield { field: `${path}[${item[key]}]`, before: textOf(item, place) }
  }
}

function change(path: string, place: Place, desired: unknown, current: unknown): FieldChange {
  const after = textOf(desired, place)
  return current === undefined || current === null
    ? { field: path, after }
    : { field: path, before: textOf(current, place), after }
}

/** A value as a plan shows it, without credentials: scalars as they are, the rest as JSON. */
export function textOf(value: unknown, place: Place): string {
  const shown = withoutSecretValues(value, place)
  return typeof shown === 'string' ? shown : JSON.stringify(shown)
}

function isZero(value: unknown): boolean {
  if (value === false || value === 0 || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isTree(value) && Object.values(value).every(isZero)
}

function join(path: string, key: string): string {
  const step = /^[\w-]+$/.test(key) ? key : `["${key}"]`
  return path === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`
}
