import { z } from 'zod'
import {
  type BootstrapToken,
  type ClusterIdentity,
  type ControlPlaneNodeOutputs,
  clusterRecord,
  controlPlaneConfiguration,
  controlPlaneJoin,
  controlPlaneJoinConfiguration,
  controlPlaneNodeParameters,
  defineRole,
  etcdDataOf,
  file,
  initConfiguration,
  kubeadmFile,
  kubeletFlagsOf,
  kubeletRecord,
  kubernetesDocument,
  type Output,
  renderDocuments,
  type Secret,
  type Task,
  uploadFile,
} from '../../src/index.ts'

const parameters = controlPlaneNodeParameters.extend({
  /** Addresses of the other control plane nodes, the first one first. */
  others: z.array(z.string()).min(1),
  /** Laid over the JoinConfiguration. */
  joinPatch: kubernetesDocument,
  identity: z.custom<Output<ClusterIdentity>>(),
  token: z.custom<Output<BootstrapToken>>(),
  certificateKey: z.custom<Output<Secret>>(),
  /** The control plane node whose static pods are changed before those of this one. */
  previous: z.custom<Task>(),
})

export type ControlPlaneJoinRoleParameters = z.output<typeof parameters>

export interface ControlPlaneJoinOutputs extends ControlPlaneNodeOutputs {
  readonly joined: Task
}

/** A control plane node beside the first: kubeadm join, and later changes of what its static pods are made with. */
export const joinControlPlane = defineRole<ControlPlaneJoinRoleParameters, ControlPlaneJoinOutputs>({
  name: 'control-plane-join',
  params: parameters,
  declare(scope, params) {
    const { documents, node, bindPort, endpoint, ignorePreflightErrors } = params
    const init = initConfiguration({ ...node, bindPort, ignorePreflightErrors, patch: params.initPatch })
    const { cluster, kubelet, kubeProxy } = documents
    // The same documents as on the first one: any of them can take its place.
    const all = [init, cluster, kubelet, ...(kubeProxy === undefined ? [] : [kubeProxy])]
    const written = scope.add(file({ path: kubeadmFile, mode: 0o600, content: renderDocuments(all) }))
    const upload = uploadFile(init, cluster)
    if (upload !== undefined) scope.add(upload)
    const configuration = controlPlaneJoinConfiguration({
      ...node,
      bindPort,
      endpoint,
      ignorePreflightErrors,
      patch: params.joinPatch,
    })
    const join = controlPlaneJoin({
      configuration,
      address: node.address,
      others: params.others,
      ...etcdDataOf(cluster),
      token: params.token,
      certificateKey: params.certificateKey,
      caHash: params.identity.map(({ caHash }) => caHash),
      records: [clusterRecord(documents), kubeletRecord(kubelet)],
    })
    const joined = scope.add(join, { after: params.after })
    const configured = scope.add(
      controlPlaneConfiguration({
        configuration: kubeadmFile,
        documents,
        advertiseAddress: node.address,
        bindPort,
        file: params.file,
      }),
      { after: [written, joined, params.previous] },
    )
    return { joined, configured, kubeletFlags: kubeletFlagsOf(configuration) }
  },
})
