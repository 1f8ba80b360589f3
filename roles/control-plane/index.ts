import { z } from 'zod'
import {
  type BootstrapToken,
  bootstrapToken,
  type ClusterDocuments,
  type ClusterIdentity,
  certificateKey,
  clusterRecord,
  defineRole,
  etcdDataOf,
  etcdEndpointsOf,
  file,
  initConfiguration,
  type KubeletFlag,
  type KubernetesDocument,
  kubeadmConfiguration,
  kubeadmFile,
  kubeadmInit,
  kubeletFlagsOf,
  kubeletRecord,
  type Output,
  renderDocuments,
  type Scope,
  type Secret,
  type Task,
  uploadConfiguration,
} from '../../src/index.ts'

const document = z.record(z.string(), z.unknown())

const parameters = z.strictObject({
  /** Path of cluster.yaml, for messages. */
  file: z.string(),
  node: z.strictObject({
    name: z.string(),
    address: z.string(),
    /** Of the container runtime. */
    criSocket: z.string(),
    taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  }),
  /** The documents that all nodes share. */
  documents: z.custom<ClusterDocuments>(),
  /** Laid over the InitConfiguration. */
  initPatch: document,
  /** `host:port` of the API. */
  endpoint: z.string(),
  /** Port of kube-apiserver. */
  bindPort: z.number(),
  ignorePreflightErrors: z.array(z.string()),
  /** All that kubeadm init needs. */
  after: z.array(z.custom<Task>()),
})

export type ControlPlaneParameters = z.output<typeof parameters>

export interface ControlPlaneOutputs {
  readonly identity: Output<ClusterIdentity>
  /** For the joins of this run. */
  readonly token: Output<BootstrapToken>
  /** For the control plane nodes that join in this run. */
  readonly certificateKey: Output<Secret>
  /** Done when there is a control plane. */
  readonly initialised: Task
  /** Done when the cluster's configuration is the one of the documents. */
  readonly configured: Task
  /** Flags of its kubelet. */
  readonly kubeletFlags: readonly KubeletFlag[]
}

/** The first control plane node: kubeadm init, and later changes of what it was made with. */
export const controlPlane = defineRole<ControlPlaneParameters, ControlPlaneOutputs>({
  name: 'control-plane',
  params: parameters,
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
    const initialised = scope.add(
      kubeadmInit({
        configuration: kubeadmFile,
        node: node.name,
        criSocket: node.criSocket,
        endpoint,
        ...etcdDataOf(cluster),
        etcdEndpoints: etcdEndpointsOf(cluster),
        records: [clusterRecord(documents), kubeletRecord(kubelet)],
      }),
      { after: [written, ...params.after] },
    )
    const configured = scope.add(
      kubeadmConfiguration({
        configuration: kubeadmFile,
        documents,
        advertiseAddress: node.address,
        bindPort,
        file: params.file,
      }),
      { after: [written, initialised] },
    )
    const token = scope.mint({ ...bootstrapToken(), after: [initialised] })
    const key = mintCertificateKey(scope, init, cluster, initialised)
    return {
      identity: initialised.output,
      token,
      certificateKey: key,
      initialised,
      configured,
      kubeletFlags: kubeletFlagsOf(init),
    }
  },
})

// With an external etcd it takes a file of its own: what the API servers show to etcd does not travel.
function mintCertificateKey(
  scope: Scope,
  init: KubernetesDocument,
  cluster: KubernetesDocument,
  initialised: Task,
): Output<Secret> {
  const upload = uploadConfiguration(cluster)
  if (upload === cluster) return scope.mint({ ...certificateKey(kubeadmFile), after: [initialised] })
  const path = '/etc/evcctl/kubeadm-upload-certs.yaml'
  const written = scope.add(file({ path, mode: 0o600, content: renderDocuments([init, upload]) }))
  return scope.mint({ ...certificateKey(path), after: [initialised, written] })
}
