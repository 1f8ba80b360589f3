import type { z } from 'zod'
import { type Finding, formatPath, isMapping, type Path, startsWith, valueAt } from './finding.ts'
import { type ParsedHost, type Sections, sectionsSchema } from './schema/cluster.ts'
import { hostSchema } from './schema/hosts.ts'

/** A host as far as it can be understood; what is wrong in it is left out. */
export interface DraftHost {
  readonly path: Path
  readonly host: Partial<ParsedHost>
}

/**
 * A cluster.yaml as far as it can be understood, for the checks across keys: these run even when single values are
 * wrong, so that everything is reported at once.
 */
export interface Draft {
  readonly sections: Sections
  readonly hosts: readonly DraftHost[]
  /** Whether nothing is wrong at or below these paths (`spec.network.podCIDR`), or above them. */
  sound(...paths: readonly string[]): boolean
  /** Whether the file itself has a value at this path (`spec.controlPlane.localProxy`), so it is no default. */
  given(path: string): boolean
}

const partialHost = hostSchema.partial()

/** Parses what is right in a file of which some is wrong. `findings` are what the schema said of it. */
export function makeDraft(value: unknown, findings: readonly Finding[]): Draft {
  const spec = valueAt(value, ['spec'])
  const { hosts, ...sections } = isMapping(spec) ? spec : {}
  return {
    sections: salvage(sectionsSchema, sections),
    hosts: (Array.isArray(hosts) ? hosts : []).map((host, index) => ({
      path: ['spec', 'hosts', index],
      host: isMapping(host) ? salvage(partialHost, host) : {},
    })),
    sound: (...paths) =>
      paths.every(text => {
        const path = text.split('.')
        return !findings.some(finding => startsWith(finding.path, path) || isAbove(finding, path))
      }),
    given: path => valueAt(value, path.split('.')) !== undefined,
  }
}

// A wrong key next to the path does not touch it; a wrong value above does.
function isAbove(finding: Finding, path: Path): boolean {
  return finding.at !== 'key' && startsWith(path, finding.path)
}

// Removes what the schema refuses until the rest is accepted. Every key of these schemas may be left out.
function salvage<T extends z.ZodType>(schema: T, value: Readonly<Record<string, unknown>>): z.output<T> {
  const copy = structuredClone(value)
  for (let round = 0; round < 20; round++) {
    const result = schema.safeParse(copy)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const path = issue.path as Path
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(copy, [...path, key])
      else remove(copy, path)
    }
  }
  return schema.parse({})
}

// Of a list that has a wrong item the whole is left out: the indexes of the rest would no longer be those of the file.
function remove(value: Record<string, unknown>, path: Path): void {
  const list = path.findIndex(part => typeof part === 'number')
  const keys = list === -1 ? path : path.slice(0, list)
  const parent = valueAt(value, keys.slice(0, -1))
  const last = keys.at(-1)
  if (last === undefined || !isMapping(parent)) return
  if (Object.hasOwn(parent, last)) delete (parent as Record<string, unknown>)[String(last)]
  // A key that is missing: what lacks it is of no use either.
  else remove(value, keys.slice(0, -1))
}

/** `spec.hosts[2].name` of a draft's host. */
export function hostPath(host: DraftHost, ...rest: Path): Path {
  return [...host.path, ...rest]
}

/** How messages call a host: by its name if it has one. */
export function hostLabel({ host, path }: DraftHost): string {
  return host.name ?? formatPath(path)
}
