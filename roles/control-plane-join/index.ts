import {
  absent,
  type BootstrapToken,
  type ClusterIdentity,
  type ControlPlaneNodeOutputs,
  type ControlPlaneNodeParameters,
  type CrossCertificates,
  clusterRecord,
  controlPlaneConfiguration,
  controlPlaneJoin,
  controlPlaneJoinConfiguration,
  etcdDataOf,
  file,
  initConfiguration,
  type KubernetesDocument,
  kubeadmFile,
  kubeletFlagsOf,
  kubeletRecord,
  nodeCertificates,
  type Output,
  type Role,
  type RotationCertificates,
  renderDocuments,
  type Secret,
  superAdmin,
  type Task,
  uploadFile,
} from '../../src/index.ts'

export interface ControlPlaneJoinRoleParameters extends ControlPlaneNodeParameters {
  /** Addresses of the other control plane nodes, the first one first. */
  readonly others: readonly string[]
  /** Merged into the JoinConfiguration. */
  readonly joinPatch: KubernetesDocument
  readonly identity: Output<ClusterIdentity>
  readonly token: Output<BootstrapToken>
  readonly certificateKey: Output<Secret>
  /** The rotation of the CA that is under way, or what has stayed of the last one; default: there was none. */
  readonly rotation?: Output<CrossCertificates | RotationCertificates>
}

export interface ControlPlaneJoinOutputs extends ControlPlaneNodeOutputs {
  readonly joined: Task
}

/** A control plane node other than the first: kubeadm join, and later changes of its static pods. */
export const joinControlPlane: Role<ControlPlaneJoinRoleParameters, ControlPlaneJoinOutputs> = {
  name: 'control-plane-join',
  declare(scope, params) {
    const { documents, node, bindPort, endpoint, ignorePreflightErrors } = params
    const init = initConfiguration({ ...node, bindPort, ignorePreflightErrors, patch: params.initPatch })
    const { cluster, kubelet, kubeProxy } = documents
    // The same documents as on the first control plane node: any node can take its place.
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
      caHashes: params.identity.map(({ caHashes }) => caHashes),
      records: [clusterRecord(documents), kubeletRecord(kubelet)],
      rotation: params.rotation,
    })
    const joined = scope.add(join, { after: params.after })
    const { address: advertiseAddress } = node
    const certificates = { configuration: kubeadmFile, advertiseAddress, bindPort, renewDays: params.renewDays }
    const renewed = scope.add(nodeCertificates(certificates), { after: [written, joined] })
    const configured = scope.add(
      controlPlaneConfiguration({
        configuration: kubeadmFile,
        store: params.store,
        documents,
        advertiseAddress,
        bindPort,
        passed: params.passed,
        file: params.file,
      }),
      { after: [written, joined, renewed] },
    )
    scope.add(absent({ path: superAdmin }), { after: [configured] })
    return { joined, configured, kubeletFlags: kubeletFlagsOf(configuration) }
  },
}
