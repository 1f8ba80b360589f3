import type { Resource } from '../../core/resource.ts'

/**
 * A task that does nothing: many tasks come before it, and many after it. Without it, each later task would need an edge to
 * each earlier one, which makes a million edges between a thousand hosts. It runs on the host that has to wait anyway.
 */
export function barrier(name: string): Resource<undefined, Record<never, never>> {
  return {
    kind: 'barrier',
    name,
    probe: { script: ':', parse: () => undefined },
    desired: {},
    diff: () => undefined,
    converge: () => [],
  }
}
