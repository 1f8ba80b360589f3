import { exitCodes, UserError } from '../core/errors.ts'

/** What a local host is in the cluster. */
export type LocalRole = 'control-plane' | 'worker' | 'etcd'

/** A host to be started: its name and its roles in cluster.yaml. */
export interface LocalNode {
  readonly name: string
  readonly roles: readonly LocalRole[]
}

/**
 * Reads `<control plane nodes>+<workers>+<etcd hosts>`, e.g. `1+2` or `1+1+3`; the later numbers may be left out. Names are
 * cp1, cp2, …, w1, w2, …, e1, e2, ….
 * Raises UserError when the text is something else, or there is no control plane node, or there are more than 100 hosts.
 */
export function parseNodes(text: string): LocalNode[] {
  const match = /^(\d{1,3})(?:\+(\d{1,3}))?(?:\+(\d{1,3}))?$/.exec(text.trim())
  const controlPlanes = Number(match?.[1] ?? 0)
  const workers = Number(match?.[2] ?? 0)
  const etcd = Number(match?.[3] ?? 0)
  if (controlPlanes < 1 || controlPlanes + workers + etcd > 100) {
    throw new UserError(
      {
        where: '--nodes',
        problem: 'not a number of nodes',
        expected:
          'control plane nodes + workers + etcd hosts, the later ones may be left out: 1, 1+2, 1+1+3 (at least one, at most 100 hosts)',
        actual: JSON.stringify(text),
        next: 'For example: evcctl local up --nodes 1+2',
      },
      { exitCode: exitCodes.badInput },
    )
  }
  return [...named('cp', controlPlanes, 'control-plane'), ...named('w', workers, 'worker'), ...named('e', etcd, 'etcd')]
}

function named(prefix: string, count: number, role: LocalRole): LocalNode[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index + 1}`, roles: [role] }))
}
