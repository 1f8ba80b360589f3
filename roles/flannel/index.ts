import { type ApiAccess, manifest, type NetworkOutputs, type Role, type Task } from '../../src/index.ts'
import { flannelObjects } from './objects.ts'

export { flannelsOwnFiles } from './cni-configuration.ts'

export interface FlannelParameters {
  readonly api: ApiAccess
  /** CIDR. */
  readonly podCIDR: string
  readonly backend: 'vxlan' | 'host-gw'
  /** Reference with tag. */
  readonly image: string
  /** `host:port` of the API on every node. */
  readonly endpoint: string
  /** Done when there is a control plane. The role runs on its first node. */
  readonly controlPlane: Task
}

/** The pod network flannel: flanneld runs on every node as soon as the node joins. */
export const flannel: Role<FlannelParameters, NetworkOutputs> = {
  name: 'flannel',
  declare(scope, { api, controlPlane, ...settings }) {
    const applied = scope.add(manifest(api, 'flannel', flannelObjects(settings)), { after: [controlPlane] })
    return { applied, daemonSet: { namespace: 'kube-flannel', name: 'kube-flannel-ds' } }
  },
}
