import {
  aggregatedApis,
  type CertificatesOnHost,
  type ControlPlaneNodeParameters,
  type CrossCertificates,
  certificatesForJoin,
  certificatesOnHost,
  clusterInfo,
  controlPlaneConfiguration,
  file,
  formerCaUnused,
  handedCa,
  initConfiguration,
  type KubeletClientParameters,
  kubeadmConfiguration,
  kubeadmFile,
  kubeletClient,
  madeCa,
  nextCaKey,
  nodeCertificates,
  type Output,
  onlyKnownNodes,
  onlyRotationFiles,
  ownAuthorities,
  publishedCa,
  type Role,
  type RotationCertificates,
  renderDocuments,
  rotationFilesGone,
  rotationUnderWay,
  type Secret,
  signingCa,
  type Task,
  type TrustedCaParameters,
  toldCa,
  trustedCa,
  uploadFile,
} from '../../src/index.ts'

const name = 'ca-rotation'

interface After {
  readonly after: readonly Task[]
}

/** The cluster has no nodes besides those that take part, all of them by name. */
export const nodesOfRotation: Role<{ readonly nodes: readonly string[]; readonly file: string }, Task> = {
  name,
  declare: (scope, { nodes, file: path }) => scope.add(onlyKnownNodes(scope.host, nodes, path)),
}

/** The next CA, on the control plane node that makes it. `configuration`: the file with its kubeadm documents. */
export const makeCa: Role<
  After,
  { readonly made: Task; readonly certificates: Output<RotationCertificates>; readonly key: Output<Secret> }
> = {
  name,
  declare(scope, order) {
    const made = scope.add(madeCa(kubeadmFile), order)
    return { made, certificates: made.output, key: scope.ephemeral({ ...nextCaKey(), after: [made] }) }
  },
}

/** The next CA on another control plane node. */
export const handCa: Role<
  After & {
    readonly certificates: Output<RotationCertificates>
    readonly key: Output<Secret>
    readonly authorities: Output<readonly string[]>
  },
  Task
> = {
  name,
  declare: (scope, { certificates, key, authorities, after }) =>
    scope.add(handedCa(certificates, key, authorities), { after }),
}

/** The CAs that the cluster has when the run begins, read on a control plane node. */
export const readAuthorities: Role<
  Record<never, never>,
  { readonly read: Task; readonly authorities: Output<readonly string[]> }
> = {
  name,
  declare(scope) {
    const read = scope.add(ownAuthorities())
    return { read, authorities: read.output }
  },
}

/** The certificates of a rotation that is under way, read on a control plane node. */
export const readRotation: Role<Record<never, never>, { readonly certificates: Output<RotationCertificates> }> = {
  name,
  declare: scope => ({ certificates: scope.add(rotationUnderWay()).output }),
}

/** The certificates that a control plane node gets which joins while the CA is rotated, or later. */
export const readForJoin: Role<
  Record<never, never>,
  { readonly certificates: Output<CrossCertificates | RotationCertificates> }
> = {
  name,
  declare: scope => ({ certificates: scope.add(certificatesForJoin()).output }),
}

/**
 * The files that a node's controller manager has for the CA, by its documents. The first node also stores them in the cluster, as a plain
 * apply does: it has nothing to change afterwards.
 */
export const managerFiles: Role<
  ControlPlaneNodeParameters & { readonly isFirst: boolean },
  { readonly written: readonly Task[]; readonly configured: Task }
> = {
  name,
  declare(scope, params) {
    const { documents, node, bindPort, store, ignorePreflightErrors, file: path } = params
    const init = initConfiguration({ ...node, bindPort, ignorePreflightErrors, patch: params.initPatch })
    const { cluster, kubelet, kubeProxy } = documents
    const all = [init, cluster, kubelet, ...(kubeProxy === undefined ? [] : [kubeProxy])]
    const order = { after: params.after }
    const written = scope.add(file({ path: kubeadmFile, mode: 0o600, content: renderDocuments(all) }), order)
    const upload = uploadFile(init, cluster)
    const uploaded = upload === undefined ? [] : [scope.add(upload, order)]
    const wanted = {
      configuration: kubeadmFile,
      store,
      documents,
      advertiseAddress: node.address,
      bindPort,
      file: path,
    }
    const after = { after: [written, ...uploaded, ...params.after] }
    const configured = params.isFirst
      ? scope.add(onlyRotationFiles(kubeadmConfiguration(wanted), path), after)
      : scope.add(onlyRotationFiles(controlPlaneConfiguration(wanted), path), after)
    return { written: [written, ...uploaded], configured }
  },
}

/** The CAs that a node trusts. */
export const trustCa: Role<TrustedCaParameters & After, Task> = {
  name,
  declare: (scope, { after, ...params }) => scope.add(trustedCa(params), { after }),
}

/** The next CA signs on a control plane node. */
export const signByNextCa: Role<After, Task> = { name, declare: (scope, order) => scope.add(signingCa(), order) }

/** The certificates of a control plane node are by the next CA. */
export const resign: Role<
  After & Pick<ControlPlaneNodeParameters, 'node' | 'bindPort' | 'renewDays'> & { readonly ca: Output<string> },
  Task
> = {
  name,
  declare(scope, { node, bindPort, renewDays, ca, after }) {
    const wanted = { configuration: kubeadmFile, advertiseAddress: node.address, bindPort, renewDays, signedBy: ca }
    return scope.add(nodeCertificates(wanted), { after })
  },
}

/** The client certificate of a node's kubelet is by the next CA. */
export const resignKubelet: Role<KubeletClientParameters & After, Task> = {
  name,
  declare: (scope, { after, ...params }) => scope.add(kubeletClient(params), { after }),
}

/** What the cluster tells others of its CAs. `words`: the CAs in words. */
export interface ToldCas {
  readonly trusted: Output<readonly string[]>
  readonly words: string
  /** Done when the API servers trust them. */
  readonly after: readonly Task[]
  /** Done when the controller managers publish them. */
  readonly publishedAfter: readonly Task[]
}

/** Hosts that join, and pods, are told the CAs of the cluster. `told`: done when those that join are. */
export const tellCas: Role<ToldCas, { readonly told: Task; readonly published: Task }> = {
  name,
  declare: (scope, { trusted, words, after, publishedAfter }) => ({
    told: scope.add(toldCa(clusterInfo, trusted, words), { after }),
    published: scope.add(publishedCa(trusted, words), { after: publishedAfter }),
  }),
}

/** Aggregated APIs know the cluster's CAs. API servers add theirs by themselves, so only a CA less has to be told. */
export const tellAggregatedApis: Role<Omit<ToldCas, 'publishedAfter'>, Task> = {
  name,
  declare: (scope, { trusted, words, after }) => scope.add(toldCa(aggregatedApis, trusted, words), { after }),
}

/** The certificates of a node, by files. */
export const readCertificatesOf: Role<
  { readonly files: readonly string[] },
  { readonly found: Output<CertificatesOnHost> }
> = { name, declare: (scope, { files }) => ({ found: scope.add(certificatesOnHost(files)).output }) }

/** Nothing of the former CA is in use on any node. */
export const noUseOfFormerCa: Role<
  After & {
    readonly certificates: Output<RotationCertificates>
    readonly nodes: ReadonlyMap<string, Output<CertificatesOnHost>>
    readonly begun: boolean
  },
  Task
> = {
  name,
  declare: (scope, { certificates, nodes, begun, after }) =>
    scope.add(formerCaUnused(certificates, nodes, begun), { after }),
}

/** Removes what a rotation has left on a control plane node, in two parts: the keys and what the controller manager read, and the record of it. */
export const endRotation: Role<After, { readonly keys: Task }> = {
  name,
  declare: (scope, order) => ({
    keys: scope.add(rotationFilesGone('keys of the rotation', ['signing', 'trust', 'nextKey', 'formerKey']), order),
  }),
}

/** Removes the record of a rotation: the last of all. */
export const forgetRotation: Role<After, Task> = {
  name,
  declare: (scope, order) => scope.add(rotationFilesGone('former CA', ['formerCertificate']), order),
}
