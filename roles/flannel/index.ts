import { z } from 'zod'
import { defineRole, manifest, type NetworkOutputs, type Task } from '../../src/index.ts'
import { flannelObjects } from './objects.ts'

export { flannelsOwnFiles } from './cni-configuration.ts'

const parameters = z.strictObject({
  /** CIDR. */
  podCIDR: z.string(),
  backend: z.enum(['vxlan', 'host-gw']),
  /** Reference with tag. */
  image: z.string(),
  /** `host:port` of the API on every node. */
  endpoint: z.string(),
  /** Done when there is a control plane, on whose first node the role runs. */
  controlPlane: z.custom<Task>(),
})

export type FlannelParameters = z.output<typeof parameters>

/** The pod network: flanneld on every node, from the moment it joins. */
export const flannel = defineRole<FlannelParameters, NetworkOutputs>({
  name: 'flannel',
  params: parameters,
  declare(scope, { controlPlane, ...settings }) {
    const applied = scope.add(manifest('flannel', flannelObjects(settings)), { after: [controlPlane] })
    return { applied, daemonSet: { namespace: 'kube-flannel', name: 'kube-flannel-ds' } }
  },
})
