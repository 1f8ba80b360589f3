import { createHash } from 'node:crypto'
import { Output } from './output.ts'
import { Secret } from './secret.ts'

/**
 * A digest (32 hex digits) that is the same for equal values, whatever the order of their keys, of the entries of a Map or of a Set. It
 * is long enough to tell values apart, also those that a host has chosen. A Secret counts with its label only, so that the digest helps
 * nobody to guess its value. An Output counts with the tasks that it comes from. Throws TypeError for a function or a symbol: equal ones
 * cannot be recognised. An object must not change after it was asked about, because its digest is kept.
 */
export function digestOf(value: unknown): string {
  return sha256(tokenOf(value))
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

// What all hosts want has lists of all hosts in it. Each such list is looked at once, not once a host.
const known = new WeakMap<object, string>()

// A text that stands for a value: simple values as in JSON, and objects by their digest. So no two values have the same.
function tokenOf(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`A ${typeof value} has no digest`)
  if (typeof value === 'bigint' || typeof value === 'number' || value === undefined) return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const before = known.get(value)
  if (before !== undefined) return before
  const token = `#${sha256(partsOf(value).join(','))}`
  known.set(value, token)
  return token
}

function partsOf(value: object): readonly string[] {
  if (value instanceof Secret) return ['secret', tokenOf(value.label)]
  if (value instanceof Output) return ['output', ...value.from.map(tokenOf)]
  if (value instanceof Date) return ['date', String(value.getTime())]
  if (value instanceof RegExp) return ['pattern', tokenOf(String(value))]
  if (Array.isArray(value)) return ['list', ...value.map(tokenOf)]
  if (value instanceof Set) return ['set', ...[...value].map(tokenOf).sort()]
  if (value instanceof Map) return ['map', ...[...value].map(entryToken).sort()]
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return ['object', ...present.map(entryToken).sort()]
}

function entryToken([key, value]: readonly [unknown, unknown]): string {
  return `${tokenOf(key)}:${tokenOf(value)}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
