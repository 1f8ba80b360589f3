import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource } from '../../core/resource.ts'
import { refuse } from './refuse.ts'

/** A task that refuses the whole run, for what follows from several hosts. `name` says what is refused. */
export function guard(name: string, refused: ErrorDetails): Resource<undefined, Record<never, never>> {
  return {
    kind: 'guard',
    name,
    title: name,
    probe: { script: ':', parse: () => undefined },
    desired: {},
    diff: () => refuse(refused),
    converge: () => [{ run: 'echo "this is refused" >&2\nexit 1\n' }],
  }
}
