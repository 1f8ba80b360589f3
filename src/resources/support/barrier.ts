import type { Resource } from '../../core/resource.ts'

/**
 * A place in the graph: many tasks come before it, many after it, and it does nothing itself. Without one, each of these
 * would need an edge to each of those, a million of them between a thousand hosts. It runs on the host that waits anyway.
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
