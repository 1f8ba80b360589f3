import {
  absent,
  type BootstrapToken,
  bootstrapToken,
  type ClusterIdentity,
  type ControlPlaneNodeOutputs,
  type ControlPlaneNodeParameters,
  certificateKey,
  clusterRecord,
  endedRunsValues,
  etcdDataOf,
  file,
  initConfiguration,
  kubeadmConfiguration,
  kubeadmFile,
  kubeadmInit,
  kubeletFlagsOf,
  kubeletRecord,
  nodeCertificates,
  type Output,
  type Role,
  renderDocuments,
  type Secret,
  skipsPreflight,
  superAdmin,
  type Task,
  uploadFile,
} from '../../src/index.ts'

/** `configured`: done when the cluster's own configuration matches the documents, too. */
export interface ControlPlaneOutputs extends ControlPlaneNodeOutputs {
  readonly identity: Output<ClusterIdentity>
  /** The bootstrap token for the joins of this run. */
  readonly token: Output<BootstrapToken>
  /** The certificate key for the control plane nodes that join in this run. */
  readonly certificateKey: Output<Secret>
  /** Done when there is a control plane. */
  readonly initialised: Task
}

/** The first control plane node: kubeadm init, and later changes of the cluster's configuration. */
export const controlPlane: Role<ControlPlaneNodeParameters, ControlPlaneOutputs> = {
  name: 'control-plane',
  declare(scope, params) {
    const { documents, endpoint, bindPort, node } = params
    const init = initConfiguration({
      ...node,
      bindPort,
      ignorePreflightErrors: params.ignorePreflightErrors,
      patch: params.initPatch,
    })
    const { cluster, kubelet, kubeProxy } = documents
    const all = [init, cluster, kubelet, ...(kubeProxy === undefined ? [] : [kubeProxy])]
    const written = scope.add(file({ path: kubeadmFile, mode: 0o600, content: renderDocuments(all) }))
    // Before everything that asks the API: with expired certificates nothing there is answered.
    const { address: advertiseAddress } = node
    const certificates = { configuration: kubeadmFile, advertiseAddress, bindPort, renewDays: params.renewDays }
    const renewed = scope.add(nodeCertificates(certificates), { after: [written, ...params.after] })
    const initialised = scope.add(
      kubeadmInit({
        configuration: kubeadmFile,
        node: node.name,
        criSocket: node.criSocket,
        endpoint,
        ...etcdDataOf(cluster),
        ignorePreflightErrors: params.ignorePreflightErrors,
        skipsPreflight: skipsPreflight(init),
        records: [clusterRecord(documents), kubeletRecord(kubelet)],
      }),
      { after: [written, renewed, ...params.after] },
    )
    const configured = scope.add(
      kubeadmConfiguration({
        configuration: kubeadmFile,
        store: params.store,
        documents,
        advertiseAddress,
        bindPort,
        passed: params.passed,
        file: params.file,
      }),
      { after: [written, renewed, initialised] },
    )
    scope.add(absent({ path: superAdmin }), { after: [configured] })
    const swept = scope.add(endedRunsValues(), { after: [initialised] })
    const token = scope.ephemeral({ ...bootstrapToken(), after: [swept] })
    const upload = uploadFile(init, cluster)
    const uploadWritten = upload === undefined ? [] : [scope.add(upload)]
    const key = scope.ephemeral({
      ...certificateKey(upload?.name ?? kubeadmFile),
      after: [swept, ...uploadWritten],
    })
    return {
      identity: initialised.output,
      token,
      certificateKey: key,
      initialised,
      configured,
      kubeletFlags: kubeletFlagsOf(init),
    }
  },
}
