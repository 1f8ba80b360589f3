import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl } from './kubectl.ts'
import { type NodeAnswer, nodeProbe } from './node-list.ts'

/** By which flannel tells the other nodes where to send the packets for pods of this one. */
const annotation = 'flannel.alpha.coreos.com/public-ip'

export interface FlannelNodeParameters {
  /** Name of the node. */
  readonly node: string
  /** The address that the other nodes use. */
  readonly address: string
}

/**
 * The other nodes know by which address the pods of this one are reached. flanneld says so when it starts: where the
 * node's address has changed since, or its Node object was deleted and recreated, its pod is replaced. Runs on a control
 * plane node, and says nothing of a node that is not in the cluster (yet).
 */
export function flannelNode({
  node,
  address,
}: FlannelNodeParameters): Resource<NodeAnswer, { readonly address: string }> {
  return {
    kind: 'pod network',
    name: node,
    title: `pod network of ${node}`,
    probe: nodeProbe(node),
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
        run: `${kubectl(30)} --namespace kube-flannel delete pod --selector app=flannel ${quote(`--field-selector=spec.nodeName=${node}`)} --wait=false\n`,
        timeoutMs: 60_000,
      },
      {
        until: {
          script: `[ "$(${kubectl(5)} get node ${quote(node)} -o jsonpath='{.metadata.annotations.${annotation.replaceAll('.', '\\.')}}')" = ${quote(address)} ]`,
          parse: raw => raw.exitCode === 0,
        },
        what: `flannel of ${node} has told its address`,
        everyMs: 1000,
        timeoutMs: 300_000,
      },
    ],
  }
}
