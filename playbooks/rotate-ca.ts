import { distributionOf } from '../distributions/index.ts'
import { type Distribution, type Graph, type Inventory, type Operation, siteOf } from '../src/index.ts'
import { runningBatches } from './rolling.ts'
import { nodesInRotation, refuseUnready } from './rotate-ca-hosts.ts'

/**
 * The first step of a rotation of the cluster's CA: all trust the former and a new one, and everything is signed again by the new one. See
 * docs/design/ca-rotation.md. Throws UserError if a node does not answer or is about to leave, or as the distribution does.
 */
export const trustBothCas: Operation = inventory => rotate(inventory, 'trustBothCas')

/**
 * The second step: nobody trusts the former CA any more. It is refused while anything that the former CA has signed is in use. Without a rotation
 * that is under way, nothing is declared. Throws UserError as trustBothCas().
 */
export const dropFormerCa: Operation = inventory => rotate(inventory, 'dropFormerCa')

function rotate(inventory: Inventory, step: keyof Pick<Distribution, 'trustBothCas' | 'dropFormerCa'>): Graph {
  const { spec, facts } = inventory
  const distribution = distributionOf(spec)
  refuseUnready(inventory)
  const on = siteOf(inventory, distribution)
  distribution[step](on, { batches: runningBatches(spec, facts), nodes: nodesInRotation(inventory) })
  return on.builder.build()
}
