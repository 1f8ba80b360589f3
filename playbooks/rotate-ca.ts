import { distributionOf } from '../distributions/index.ts'
import {
  type Batches,
  barrier,
  type Distribution,
  type Graph,
  type Inventory,
  isControlPlane,
  type Operation,
  type RotationRoll,
  rolling,
  type Site,
  siteOf,
  type Task,
} from '../src/index.ts'
import { askUser } from './ask-user.ts'
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
  const batches = runningBatches(spec, facts)
  const nodes = nodesInRotation(inventory)
  distribution[step](on, { nodes, roll: order => rollRotation(on, batches, order) })
  return on.builder.build()
}

/** Control plane nodes also change one by one where their batch has several of them. */
function rollRotation({ inventory, builder, first }: Site, batches: Batches, { what, tasks }: RotationRoll): void {
  const { spec } = inventory
  const of = (name: string) => tasks.get(name) ?? []
  const servers = new Set(spec.hosts.filter(isControlPlane).map(({ name }) => name))
  const barriers: Task[] = []
  rolling(builder, batches, {
    held: of,
    proofs: of,
    alone: name => (servers.has(name) ? of(name) : []),
    isNeeded: () => true,
    gate(batch, order) {
      const task = builder
        .scope(first.name, 'ca-rotation')
        .add(barrier(`batch ${batch} of the nodes that ${what}`), order)
      barriers.push(task)
      return task
    },
  })
  const changed = [...tasks.values()].flat()
  askUser(builder, { spec, host: first.name, batches, barriers, changed, of: `the nodes that ${what}` })
}
