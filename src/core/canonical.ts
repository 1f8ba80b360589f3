import { createHash } from 'node:crypto'
import { Output } from './output.ts'
import { Secret } from './secret.ts'

/**
 * A text that is the same for equal values, whatever the order of their keys, of the entries of a Map or of a Set. A Secret counts
 * with its label only, so the text tells nothing of its value. An Output counts with the tasks that it comes from. Throws
 * TypeError for a function or a symbol: equal ones cannot be recognised.
 */
export function canonicalText(value: unknown): string {
  return JSON.stringify(plain(value)) ?? 'null'
}

/** sha256 of canonicalText(), 32 hex digits of it: enough to tell values apart, also those that a host has chosen. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex').slice(0, 32)
}

/** The digest of each field of an object; of any other value one digest, under the name `value`. */
export function digestsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return { value: digestOf(value) }
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(present.map(([field, inner]) => [field, digestOf(inner)]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

// Entries of objects are lists here, so that no key has a meaning of its own for JavaScript, e.g. __proto__.
function plain(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`A ${typeof value} has no digest`)
  }
  if (typeof value === 'bigint') return ['number', String(value)]
  if (typeof value === 'number' && !Number.isFinite(value)) return ['number', String(value)]
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return ['secret', value.label]
  if (value instanceof Output) return ['output', ...value.from]
  if (value instanceof Date) return ['date', value.getTime()]
  if (value instanceof RegExp) return ['pattern', String(value)]
  if (Array.isArray(value)) return ['list', ...value.map(plain)]
  if (value instanceof Set) return ['set', ...sorted([...value].map(plain))]
  if (value instanceof Map) return ['map', ...sorted([...value].map(([key, inner]) => [plain(key), plain(inner)]))]
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return ['object', ...sorted(present.map(([key, inner]) => [key, plain(inner)]))]
}

function sorted(values: readonly unknown[]): readonly unknown[] {
  return values
    .map(value => ({ value, text: JSON.stringify(value) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ value }) => value)
}
