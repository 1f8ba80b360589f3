import type { z } from 'zod'
import { type Finding, formatPath, isMapping, type Path, startsWith, valueAt } from './finding.ts'
import { type ParsedHost, type Sections, sectionsSchema } from './schema/cluster.ts'
import { hostSchema } from './schema/hosts.ts'

/** A host without the parts of it that are wrong. */
export interface DraftHost {
  readonly path: Path
  readonly host: Partial<ParsedHost>
}

/**
 * A cluster.yaml without the parts of it that are wrong. The checks across keys use it: they run even if single values are
 * wrong, so that all errors are reported at once.
 */
export interface Draft {
  readonly sections: Sections
  /** All hosts of the file, also those with `state: absent`. */
  readonly hosts: readonly DraftHost[]
  /** The hosts that are, or become, part of the cluster. */
  readonly present: readonly DraftHost[]
  /** Whether nothing is wrong at these paths (such as `spec.network.podCIDR`), below them or above them. */
  sound(...paths: readonly string[]): boolean
  /** Whether the file has a value at this path (such as `spec.controlPlane.localProxy`). If not, the value is a default. */
  given(path: string): boolean
}

const partialHost = hostSchema.partial()

/** Makes the draft of a file that may have errors. `findings` are the errors that the schema found. */
export function makeDraft(value: unknown, findings: readonly Finding[]): Draft {
  const spec = valueAt(value, ['spec'])
  const { hosts: list, ...sections } = isMapping(spec) ? spec : {}
  const hosts = (Array.isArray(list) ? list : []).map(
    (host, index): DraftHost => ({
      path: ['spec', 'hosts', index],
      host: isMapping(host) ? salvage(partialHost, host) : {},
    }),
  )
  return {
    sections: salvage(sectionsSchema, sections),
    hosts,
    present: hosts.filter(({ host }) => host.state !== 'absent'),
    sound: (...paths) =>
      paths.every(text => {
        const path = text.split('.')
        return !findings.some(finding => startsWith(finding.path, path) || isAbove(finding, path))
      }),
    given: path => valueAt(value, path.split('.')) !== undefined,
  }
}

// A wrong value above the path makes it unsound. A wrong key beside it does not.
function isAbove(finding: Finding, path: Path): boolean {
  return finding.at !== 'key' && startsWith(path, finding.path)
}

// Removes what the schema rejects until it accepts the rest. That works because every key of these schemas is optional.
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

// A list with a wrong item is removed as a whole: otherwise the indexes of its other items would differ from the file.
function remove(value: Record<string, unknown>, path: Path): void {
  const list = path.findIndex(part => typeof part === 'number')
  const keys = list === -1 ? path : path.slice(0, list)
  const parent = valueAt(value, keys.slice(0, -1))
  const last = keys.at(-1)
  if (last === undefined || !isMapping(parent)) return
  if (Object.hasOwn(parent, last)) delete (parent as Record<string, unknown>)[String(last)]
  // The key is missing, so the mapping that lacks it is removed.
  else remove(value, keys.slice(0, -1))
}

/** The path of a key of a host, e.g. `spec.hosts[2].name`. */
export function hostPath(host: DraftHost, ...rest: Path): Path {
  return [...host.path, ...rest]
}

/** What messages call a host: its name, or its path if it has none. */
export function hostLabel({ host, path }: DraftHost): string {
  return host.name ?? formatPath(path)
}
