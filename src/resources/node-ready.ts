import type { Resource } from '../core/resource.ts'
import { type NodeAnswer, nodeProbe, readyProbe } from './node-list.ts'

/** A node that the cluster calls Ready. Runs on a control plane node; waits up to 5 minutes. */
export function nodeReady(name: string): Resource<NodeAnswer, { readonly node: string }> {
  return {
    kind: 'node',
    name,
    probe: nodeProbe(name),
    desired: { node: name },
    diff(current) {
      if (current.api === 'answered' && current.node?.ready) return undefined
      return { action: 'run', fields: [{ field: 'state', before: describe(current), after: 'Ready' }] }
    },
    converge: () => [{ until: readyProbe(name), what: `${name} is Ready`, everyMs: 500, timeoutMs: 300_000 }],
    explain: failure => ({
      problem: `${name} does not become Ready.`,
      came: failure.stderr.trim() || failure.stdout.trim(),
      next: `See why: kubectl describe node ${name}; on the host: journalctl -u kubelet -n 100 --no-pager`,
    }),
  }
}

function describe(current: NodeAnswer): string {
  if (current.api === 'absent') return 'not there yet'
  if (current.api === 'unreachable') return 'not known: the API server does not answer'
  if (current.node === undefined) return 'not there yet'
  return current.node.message === '' ? 'not Ready' : `not Ready: ${current.node.message}`
}
