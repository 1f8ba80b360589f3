import { z } from 'zod'
import { text } from './scalars.ts'

const expected = 'a number of nodes from 1 on, or a percentage from 1% to 100%, e.g. 3 or 25%'

/** A number of nodes, or a percentage of them. */
const nodes = z.union([
  z
    .int({ error: expected })
    .min(1, { error: expected })
    .transform(count => ({ count })),
  text(/^([1-9]\d?|100)%$/, expected).transform(value => ({ percent: Number.parseInt(value, 10) })),
])

/** `spec.rollout` */
export const rolloutSchema = z.strictObject({
  maxUnavailable: nodes
    .describe(
      'The most worker nodes that change at a time, once one of them is well with what is new: a number, or a percentage of ' +
        'the worker nodes that run (rounded down, at least one). Control plane nodes and members of etcd always change ' +
        'one after the other, and before the workers.',
    )
    .prefault('25%'),
})
