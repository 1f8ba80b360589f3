import { z } from 'zod'
import {
  type BootstrapToken,
  type ClusterIdentity,
  defineRole,
  joinConfiguration,
  type KubeletFlag,
  kubeadmJoin,
  kubeletFlagsOf,
  kubeletRecord,
  type Output,
  type Task,
} from '../../src/index.ts'

const document = z.record(z.string(), z.unknown())

const parameters = z.strictObject({
  node: z.strictObject({
    name: z.string(),
    address: z.string(),
    /** Of the container runtime. */
    criSocket: z.string(),
    taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  }),
  /** `host:port` of the API as this host reaches it. */
  endpoint: z.string(),
  identity: z.custom<Output<ClusterIdentity>>(),
  token: z.custom<Output<BootstrapToken>>(),
  /** KubeletConfiguration document that the node gets from the cluster. */
  kubeletConfiguration: document,
  /** Laid over the JoinConfiguration. */
  joinPatch: document,
  ignorePreflightErrors: z.array(z.string()),
  /** All that kubeadm join needs on this host. */
  after: z.array(z.custom<Task>()),
})

export type WorkerParameters = z.output<typeof parameters>

/** A worker node, joined with the cluster's CA pinned by its hash. */
export const worker = defineRole<
  WorkerParameters,
  { readonly joined: Task; readonly kubeletFlags: readonly KubeletFlag[] }
>({
  name: 'worker',
  params: parameters,
  declare(scope, params) {
    const { node, endpoint, ignorePreflightErrors, joinPatch: patch, identity, token } = params
    const configuration = joinConfiguration({ ...node, endpoint, ignorePreflightErrors, patch })
    const join = kubeadmJoin({
      configuration,
      token,
      caHash: identity.map(({ caHash }) => caHash),
      record: kubeletRecord(params.kubeletConfiguration),
    })
    return { joined: scope.add(join, { after: params.after }), kubeletFlags: kubeletFlagsOf(configuration) }
  },
})
