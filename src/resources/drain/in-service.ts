import type { Change, Resource } from '../../core/resource.ts'
import { type ApiAccess, againFunction, type NodeAnswer, nodeProbe, notAnswered } from '../api/index.ts'
import { cordonedBy, isCordonedByEvcctl, uncordonFunction } from './cordon.ts'

export interface InServiceParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
}

/**
 * evcctl does not keep a node out of service: what it has cordoned is uncordoned, and nothing else. A node that somebody else
 * cordoned stays so. As the end of a bracket() it shows that a node comes back which the same plan takes out. Runs on a
 * control plane node.
 */
export function inService({ api, node }: InServiceParameters): Resource<NodeAnswer, { readonly schedulable: boolean }> {
  return {
    kind: 'uncordon',
    name: node,
    probe: nodeProbe(api, node),
    desired: { schedulable: true },
    diff(current, _desired, { watched }): Change | undefined {
      const because = watched.length > 0 ? { because: watched } : {}
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return { ...notAnswered(current), ...because }
      const { node: found } = current
      if (found === undefined) return undefined
      if (isCordonedByEvcctl(found)) return { action: 'run', fields: [], note: 'evcctl has cordoned it', ...because }
      // Somebody has uncordoned it. With the annotation, a cordon by somebody would later pass for one by evcctl.
      if (!found.isCordoned && Object.hasOwn(found.annotations, cordonedBy))
        return { action: 'delete', fields: [{ field: `annotation ${cordonedBy}` }], ...because }
      if (found.isCordoned || watched.length === 0) return undefined
      return { action: 'run', fields: [], note: 'after the changes', ...because }
    },
    converge: () => [{ run: `${againFunction}${uncordonFunction(api, node)}again uncordon\n`, timeoutMs: 60_000 }],
    explain: failure => ({
      problem: `${node} could not be uncordoned, so no new pod is scheduled to it.`,
      actual: failure.stderr.trim(),
      next: `Apply again; or: kubectl uncordon ${node}`,
    }),
  }
}
