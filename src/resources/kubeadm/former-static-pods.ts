import type { Change, ProbeResult, Resource } from '../../core/resource.ts'
import { linesOf } from '../support/index.ts'
import { recovery } from './change-steps.ts'
import { formerMark } from './static-pods.ts'

/** Whether a change of the static pods of this host has begun and not ended. */
export interface FormerStaticPodsState {
  readonly cutOff: boolean
}

/**
 * The static pods of a control plane node are those from before a change that was cut off. It needs no API server and no other node:
 * others may need this node's member of etcd for a quorum. What the change was to bring comes again afterwards.
 */
export function formerStaticPods(): Resource<FormerStaticPodsState, { readonly pods: string }> {
  return {
    kind: 'static pods',
    name: 'former',
    title: 'static pods from before a change',
    probe: { script: `if [ -e ${formerMark} ]; then echo cutOff=yes; fi\n`, parse: parseState },
    desired: { pods: 'as before the change' },
    diff({ cutOff }, { pods }): Change | undefined {
      if (!cutOff) return undefined
      return {
        action: 'update',
        fields: [{ field: 'static pods', before: 'cut off while they were changed', after: pods }],
      }
    },
    converge: () => [recovery],
  }
}

function parseState(raw: ProbeResult): FormerStaticPodsState {
  return { cutOff: linesOf(raw, 'cutOff').length > 0 }
}
