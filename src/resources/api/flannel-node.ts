import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import type { ApiAccess } from './access.ts'
import { kubectl } from './kubectl.ts'
import { type NodeAnswer, nodeProbe } from './node-list.ts'

/** The annotation that tells the other nodes where flannel sends the packets for pods of this node. */
const annotation = 'flannel.alpha.coreos.com/public-ip'

export interface FlannelNodeParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  /** The address that the other nodes use. */
  readonly address: string
}

/**
 * The other nodes know at which address the pods of this node are reached. flanneld publishes the address when it starts.
 * So its pod is replaced when the node's address has changed since, or when its Node object was deleted and recreated.
 * Nothing changes for a node that is not in the cluster yet. Runs on a control plane node.
 */
export function flannelNode({
  api,
  node,
  address,
}: FlannelNodeParameters): Resource<NodeAnswer, { readonly address: string }> {
  return {
    kind: 'pod network',
    name: node,
    title: `pod network of ${node}`,
    probe: nodeProbe(api, node),
    desired: { address },
    diff(current) {
      if (current.api !== 'answered' || current.node === undefined) return undefined
      const before = current.node.annotations[annotation]
      if (before === address) return undefined
      const field = { field: 'address', ...(before === undefined ? {} : { before }), after: address }
      return { action: 'run', fields: [field], note: 'its flannel pod is replaced' }
    },
    converge: () => [
      {
        run: `${kubectl(api, 30)} --namespace kube-flannel delete pod --selector app=flannel ${quote(`--field-selector=spec.nodeName=${node}`)} --wait=false\n`,
        timeoutMs: 60_000,
      },
      {
        until: {
          script: `[ "$(${kubectl(api, 5)} get node ${quote(node)} -o jsonpath='{.metadata.annotations.${annotation.replaceAll('.', '\\.')}}')" = ${quote(address)} ]`,
          parse: raw => raw.exitCode === 0,
        },
        what: `flannel of ${node} has told its address`,
        everyMs: 1000,
        timeoutMs: 300_000,
      },
    ],
  }
}
