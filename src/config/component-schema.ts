import { compare } from 'semver'
import { documentTypes, fieldTypes, schemaMinors } from '../catalog/data/component-schemas.ts'

/** The type of a value in a document of kubeadm, the kubelet or kube-proxy. */
export type ComponentType =
  | { readonly is: 'scalar'; readonly name: Scalar }
  | { readonly is: 'list' | 'mapping'; readonly of: ComponentType }
  | { readonly is: 'object'; readonly name: string }

export type Scalar = 'string' | 'bool' | 'int' | 'number' | 'duration' | 'durationOrNumber' | 'quantity' | 'any'

/** A field of an object, and the minor versions that have it. */
export interface ComponentField {
  readonly type: ComponentType
  /** First minor version with the field, e.g. `1.36`; undefined if the oldest known one has it. */
  readonly since: string | undefined
  /** First minor version without the field; undefined if the newest known one has it. */
  readonly until: string | undefined
}

/** The object type of a document, by its kind, e.g. `KubeletConfiguration`. */
export function documentType(kind: string): string {
  const name = documentTypes[kind]
  if (name === undefined) throw new RangeError(`there is no schema of ${kind}`)
  return name
}

/** The fields of an object type, in all minor versions. */
export function fieldsOfType(name: string): ReadonlyMap<string, ComponentField> {
  return new Map(Object.entries(fieldTypes[name] ?? {}).map(([field, text]) => [field, parseField(text)]))
}

/** Whether there are schemas for a minor version. */
export function isKnownMinor(minor: string): boolean {
  return schemaMinors.includes(minor)
}

/** The newest minor version with schemas. */
export function newestKnownMinor(): string {
  return schemaMinors.at(-1) ?? ''
}

/**
 * Whether a field exists in a minor version. For a version without schemas, the newest ones count; if the version is wrong
 * (an empty `minor`), every field may exist.
 */
export function existsIn({ since, until }: ComponentField, minor: string): boolean {
  if (minor === '') return true
  const known = isKnownMinor(minor) ? minor : newestKnownMinor()
  const at = (one: string) => compare(`${known}.0`, `${one}.0`)
  return (since === undefined || at(since) >= 0) && (until === undefined || at(until) < 0)
}

function parseField(text: string): ComponentField {
  const [type = '', ...bounds] = text.split(' ')
  return {
    type: parseType(type),
    since: bounds.find(bound => bound.startsWith('>='))?.slice(2),
    until: bounds.find(bound => bound.startsWith('<'))?.slice(1),
  }
}

function parseType(text: string): ComponentType {
  if (text.startsWith('[]')) return { is: 'list', of: parseType(text.slice(2)) }
  if (text.startsWith('{}')) return { is: 'mapping', of: parseType(text.slice(2)) }
  return Object.hasOwn(fieldTypes, text) ? { is: 'object', name: text } : { is: 'scalar', name: text as Scalar }
}
