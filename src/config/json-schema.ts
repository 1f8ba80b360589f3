import { z } from 'zod'
import { clusterSchema } from './schema/cluster.ts'

/** The parts of JSON Schema (draft 2020-12) that zod generates for cluster.yaml. */
export interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

let made: JsonSchema | undefined

/** The JSON Schema of cluster.yaml for editors, generated from the zod schema that also checks the file. */
export function clusterJsonSchema(): JsonSchema {
  made ??= {
    $id: 'https://evcctl.dev/schema/v1alpha1/cluster.json',
    title: 'cluster.yaml of evcctl',
    ...z.toJSONSchema(clusterSchema, { io: 'input', target: 'draft-2020-12' }),
  } as JsonSchema
  return made
}

/** The keys of the mapping at a path, with their schemas; undefined if any key is allowed there or there is no mapping. */
export function propertiesAt(path: readonly (string | number)[]): Readonly<Record<string, JsonSchema>> | undefined {
  let at: readonly JsonSchema[] = [clusterJsonSchema()]
  for (const part of path) at = at.flatMap(schema => children(schema, part))
  return at.flatMap(schema => alternatives(schema)).find(schema => schema.properties !== undefined)?.properties
}

/** The paths of all keys with this name in the schema, e.g. `spec.network.podCIDR`, or `spec.hosts[].name` in a list. */
export function placesOf(key: string): readonly string[] {
  const places: string[] = []
  const visit = (schema: JsonSchema, path: string): void => {
    for (const alternative of alternatives(schema)) {
      if (alternative.items !== undefined) visit(alternative.items, `${path}[]`)
      for (const [name, property] of Object.entries(alternative.properties ?? {})) {
        const place = path === '' ? name : `${path}.${name}`
        if (name === key) places.push(place)
        visit(property, place)
      }
    }
  }
  visit(clusterJsonSchema(), '')
  return places
}

/** The alternatives of a schema; only itself if it has none. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(alternatives)
}

function children(schema: JsonSchema, part: string | number): readonly JsonSchema[] {
  return alternatives(schema).flatMap(alternative => {
    if (typeof part === 'number') return alternative.items === undefined ? [] : [alternative.items]
    const property = alternative.properties?.[part]
    if (property !== undefined) return [property]
    return typeof alternative.additionalProperties === 'object' ? [alternative.additionalProperties] : []
  })
}
