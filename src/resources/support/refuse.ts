import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, FieldChange } from '../../core/resource.ts'

/** A change that is refused, and why. `fields` tell what would change. */
export function refuse(refused: ErrorDetails, ...fields: readonly FieldChange[]): Change {
  return { action: 'run', fields, refused }
}
