import {
  type BootstrapToken,
  type ClusterIdentity,
  joinConfiguration,
  type KubeletFlag,
  type KubernetesDocument,
  kubeadmJoin,
  kubeletFlagsOf,
  kubeletRecord,
  type NodeSettings,
  type Output,
  type Role,
  type Task,
} from '../../src/index.ts'

export interface WorkerParameters {
  readonly node: Omit<NodeSettings, 'ignorePreflightErrors'>
  /** `host:port` of the API as this host reaches it. */
  readonly endpoint: string
  readonly identity: Output<ClusterIdentity>
  readonly token: Output<BootstrapToken>
  /** KubeletConfiguration document that the node gets from the cluster. */
  readonly kubeletConfiguration: KubernetesDocument
  /** Merged into the JoinConfiguration. */
  readonly joinPatch: KubernetesDocument
  readonly ignorePreflightErrors: readonly string[]
  /** Everything that kubeadm join needs on this host. */
  readonly after: readonly Task[]
}

/** A worker node. It joins with the hash of the cluster's CA certificate pinned. */
export const worker: Role<WorkerParameters, { readonly joined: Task; readonly kubeletFlags: readonly KubeletFlag[] }> =
  {
    name: 'worker',
    declare(scope, params) {
      const { node, endpoint, ignorePreflightErrors, joinPatch: patch, identity, token } = params
      const configuration = joinConfiguration({ ...node, endpoint, ignorePreflightErrors, patch })
      const join = kubeadmJoin({
        configuration,
        token,
        caHashes: identity.map(({ caHashes }) => caHashes),
        record: kubeletRecord(params.kubeletConfiguration),
      })
      return { joined: scope.add(join, { after: params.after }), kubeletFlags: kubeletFlagsOf(configuration) }
    },
  }
