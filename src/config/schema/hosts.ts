import { z } from 'zod'
import { hostRoles, hostStates, taintEffects } from '../names.ts'
import { labelsSchema, labelValue, qualifiedName } from './labels.ts'
import { hostName, text } from './scalars.ts'
import { sshSchema } from './ssh.ts'

const taintSchema = z.strictObject({
  key: qualifiedName.describe('Key, e.g. `evc.example/gpu`.'),
  value: labelValue.describe('Value; may be left out.').optional(),
  effect: z.enum(taintEffects).describe('What happens to pods that do not tolerate it.'),
})

/** One of `spec.hosts` */
export const hostSchema = z.strictObject({
  name: hostName.describe('Name of the host and of its node.'),
  address: text(/^\S+$/, 'an IP address, a DNS name or a Host alias of ~/.ssh/config').describe(
    'Where SSH connects to: an IP address, a DNS name or a Host alias of ~/.ssh/config.',
  ),
  privateAddress: text(/^[0-9a-fA-F.:]+$/, 'an IPv4 address')
    .describe(
      "IPv4 address that the nodes use among themselves. Default: address if that is an IP, else the default route's source.",
    )
    .optional(),
  roles: z
    .array(z.enum(hostRoles))
    .min(1, { error: 'at least one of control-plane, worker, etcd' })
    .describe(
      'What the host does. As control plane and worker it runs workloads too; `etcd` is for spec.etcd.topology external.',
    ),
  state: z
    .enum(hostStates)
    .describe(
      '`absent` removes the host from the cluster: its node is drained and deleted, its member leaves etcd, and the host is ' +
        'cleaned. It stays in the file so that evcctl can reach it.',
    )
    .default('present'),
  labels: labelsSchema.describe('Labels of the node.').default({}),
  taints: z.array(taintSchema).describe('Taints of the node.').default([]),
  ssh: sshSchema.describe('SSH settings of this host, over those of spec.ssh.').prefault({}),
})
