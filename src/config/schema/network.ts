import { z } from 'zod'
import { ipv4Range, text, version } from './scalars.ts'

/** `spec.network` */
export const networkSchema = z.strictObject({
  cni: z.enum(['flannel', 'none']).describe('Network of the pods; `none` leaves it to you.').default('flannel'),
  podCIDR: ipv4Range.describe('Addresses of pods.').default('10.244.0.0/16'),
  nodePrefix: z
    .int()
    .min(8, { error: 'a prefix length, 8 to 30' })
    .max(30, { error: 'a prefix length, 8 to 30' })
    .describe('Prefix length of the part of podCIDR that each node gets.')
    .default(24),
  serviceCIDR: ipv4Range.describe('Addresses of services.').default('10.96.0.0/12'),
  cniPluginsVersion: version
    .describe(
      'Version of the standard CNI plugins (bridge, host-local, portmap, …). Default: the newest of the catalog.',
    )
    .optional(),
  flannel: z
    .strictObject({
      version: version.describe('flannel version. Default: the newest of the catalog.').optional(),
      backend: z
        .enum(['vxlan', 'host-gw'])
        .describe('How packets travel between nodes; `host-gw` needs all nodes in one layer 2 network.')
        .default('vxlan'),
      image: text(
        /^\S+:[\w.-]+(@sha256:[0-9a-f]{64})?$/,
        'an image reference with a tag, e.g. ghcr.io/flannel-io/flannel:v0.28.4',
      )
        .describe('Image to use in the place of `ghcr.io/flannel-io/flannel:v<version>`.')
        .optional(),
    })
    .describe('Settings of flannel.')
    .prefault({}),
})
