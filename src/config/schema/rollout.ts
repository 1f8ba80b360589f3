import { z } from 'zod'
import { labelsSchema } from './labels.ts'
import { command, duration, flag, text } from './scalars.ts'

const expected = 'a number of nodes from 1 on, or a percentage from 1% to 100%, e.g. 3 or 25%'

/** A number of nodes, or a percentage of them. */
const nodes = z.union([
  z
    .int({ error: expected })
    .min(1, { error: expected })
    .transform(count => ({ count })),
  text(/^([1-9]\d?|100)%$/, expected).transform(value => ({ percent: Number.parseInt(value, 10) })),
])

const drainSchema = z.strictObject({
  timeout: duration
    .refine(ms => ms >= 1_000 && ms <= 86_400_000, { error: 'a duration of 1s to 24h' })
    .describe(
      'How long the drain of one node may take, 1s to 24h. PodDisruptionBudgets are respected for as long. Then the node stays ' +
        'cordoned, the run fails, and the next one goes on.',
    )
    .prefault('5m'),
  deleteEmptyDirData: flag
    .describe('Evicts pods with an emptyDir volume as well. What is in the volume is lost.')
    .default(true),
  force: flag
    .describe(
      'Deletes pods without a controller as well. Nothing starts them again. Without it, such a pod is refused.',
    )
    .default(false),
})

const gateSchema = z.strictObject({
  command: command('./check.sh', 'beside this file').describe(
    'Runs with `sh -c` on the machine of evcctl, in the folder of this file, with `EVCCTL_CLUSTER` and `EVCCTL_NODES` (the ' +
      'nodes that are done, with spaces between them) in its environment. Its output is shown.',
  ),
  timeout: duration
    .refine(ms => ms >= 1_000 && ms <= 86_400_000, { error: 'a duration of 1s to 24h' })
    .describe('How long it may take, 1s to 24h. Then it is killed, and has failed.')
    .prefault('10m'),
})

const groupSchema = z.strictObject({
  labels: labelsSchema
    .refine(labels => Object.keys(labels).length > 0, { error: 'at least one label, e.g. { example.com/site: north }' })
    .describe(
      'The workers that have all of these labels in this file. A worker is in the first group that it fits into.',
    ),
  maxUnavailable: nodes
    .describe(
      'The most nodes of the group that change at a time. Default: that of all workers, here a share of the group.',
    )
    .optional(),
  gate: gateSchema.describe('Decides after each batch of the group, in place of the gate of all.').optional(),
})

/** `spec.rollout` */
export const rolloutSchema = z.strictObject({
  maxUnavailable: nodes
    .describe(
      'The most worker nodes that change at a time, once one of them is well with what is new: a number, or a percentage of ' +
        'the worker nodes that run (rounded down, at least one). Control plane nodes and members of etcd always change ' +
        'one after the other, and before the workers.',
    )
    .prefault('25%'),
  gate: gateSchema
    .describe(
      'A command of your own that decides whether the next batch of running nodes changes: after each batch, when its nodes are ' +
        'well. If it fails, the run stops there, and the next one asks it again.',
    )
    .optional(),
  groups: z
    .array(groupSchema)
    .describe(
      'Workers with rules of their own, e.g. one site after the other, or boards that may go many at a time. The groups change one ' +
        'after the other, in this order, each with one node first; then the workers of no group.',
    )
    .default([]),
  drain: drainSchema
    .describe(
      'How the pods of a node are moved to others before the node leaves, or changes in a way that would stop them.',
    )
    .prefault({}),
})
