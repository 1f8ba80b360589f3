/** Keys and indexes from the root of a YAML document, e.g. `['spec', 'hosts', 1, 'address']`. */
export type Path = readonly (string | number)[]

/** An error in cluster.yaml. When it is reported, its line and column are found from the path. */
export interface Finding {
  readonly path: Path
  /** Whether the key at the end of the path is wrong, or its value (default). */
  readonly at?: 'key' | 'value'
  readonly problem: string
  readonly expected?: string
  readonly actual?: string
  readonly next?: string
  /** True if the value is missing. */
  readonly missing?: boolean
  /** For an unknown key: the known key in the same mapping that was probably meant. */
  readonly meant?: string
}

/** A path as text, e.g. `spec.hosts[1].labels["evc.example/camera"]`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/** Whether `path` is `start` or lies below it. */
export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((part, index) => part === path[index])
}

/** The value at a path of a plain value; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Record<string | number, unknown>)[part]
  }
  return at
}

/** A mapping of YAML, as opposed to a list, a scalar or nothing. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
