import {
  type ControlPlaneNodeParameters,
  initConfiguration,
  minorOnTheWay,
  type Role,
  type Task,
} from '../../src/index.ts'

export interface MinorOnTheWayRoleParameters
  extends Pick<
    ControlPlaneNodeParameters,
    'node' | 'documents' | 'initPatch' | 'bindPort' | 'ignorePreflightErrors' | 'store'
  > {
  /** The version that the node passes through, without `v`. */
  readonly version: string
  /** The version that the upgrade leads to, without `v`. */
  readonly target: string
  /** sha256 of the download of its kubeadm, which lies on the host. */
  readonly kubeadm: string
  /** Done when the host is a node; a task that is held back itself is none of them. */
  readonly after: readonly Task[]
}

/** The static pods of a control plane node get a version on the way to the wanted one. */
export const passMinor: Role<MinorOnTheWayRoleParameters, Task> = {
  name: 'minor-on-the-way',
  declare(scope, { node, documents, initPatch, bindPort, ignorePreflightErrors, after, ...params }) {
    const init = initConfiguration({ ...node, bindPort, ignorePreflightErrors, patch: initPatch })
    const { address: advertiseAddress } = node
    const resource = minorOnTheWay({ ...params, init, cluster: documents.cluster, advertiseAddress, bindPort })
    return scope.add(resource, { after })
  },
}
