import type { FieldChange } from '../../core/resource.ts'

/** Mode and owner of a path as `stat` shows them. */
export interface Ownership {
  /** Permission bits, e.g. 0o644. */
  readonly mode: number
  /** `user:group` by name. */
  readonly owner: string
  /** `uid:gid`. */
  readonly ids: string
}

/** Makes `stat` print the fields that `ownershipOf` reads. */
export const ownershipFormat = 'mode=%a\nowner=%U:%G\nids=%u:%g'

export function ownershipOf(fields: ReadonlyMap<string, string>): Ownership {
  return {
    mode: Number.parseInt(fields.get('mode') ?? '', 8),
    owner: fields.get('owner') ?? '',
    ids: fields.get('ids') ?? '',
  }
}

/** The differences in mode and owner; `owner` may be given by name or by number. */
export function ownershipChanges(
  current: Ownership,
  desired: { readonly mode: number; readonly owner: string },
): readonly FieldChange[] {
  const fields: FieldChange[] = []
  if (current.mode !== desired.mode)
    fields.push({ field: 'mode', before: octal(current.mode), after: octal(desired.mode) })
  if (current.owner !== desired.owner && current.ids !== desired.owner)
    fields.push({ field: 'owner', before: current.owner, after: desired.owner })
  return fields
}

/** Four octal digits, as chmod takes them: `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
