import {
  type ArtifactDownload,
  file,
  installedArtifact,
  kubeadmApi,
  kubeletDropInPath,
  kubeletPath,
  kubeletUnitPath,
  type Role,
  type Task,
  templatesOf,
} from '../../src/index.ts'

export interface KubernetesBinariesParameters {
  readonly kubeadm: ArtifactDownload
  readonly kubelet: ArtifactDownload
  readonly kubectl: ArtifactDownload
  /** Units that must run before the kubelet starts. */
  readonly kubeletAfter: readonly string[]
  /** Folder for the data of the stacked etcd, which the kubelet runs; undefined: the host runs no stacked etcd. */
  readonly etcdData?: string
  /** Whether the host is a node already, so that its kubelet may have to be replaced later than the other programs. */
  readonly isNode: boolean
  /** Done when the host can download: curl is installed. */
  readonly downloadAfter: readonly Task[]
}

export interface KubernetesBinariesOutputs {
  /** The tasks that must be done before kubeadm makes the host a node, or changes a node. */
  readonly all: readonly Task[]
  /** The program that replaces the one of a node, after kubeadm has changed the node. */
  readonly last: readonly Task[]
  /** The changes that need a restart of the kubelet. */
  readonly kubelet: readonly Task[]
}

/** kubeadm, kubelet and kubectl, and the kubelet's unit. The kubelet starts once kubeadm has configured it. */
export const kubernetesBinaries: Role<KubernetesBinariesParameters, KubernetesBinariesOutputs> = {
  name: 'kubernetes-binaries',
  declare(scope, params) {
    const order = { after: params.downloadAfter }
    const kubeadm = scope.add(
      installedArtifact({ name: 'kubeadm', ...params.kubeadm, install: { binary: '/usr/local/bin/kubeadm' } }),
      order,
    )
    const kubelet = scope.add(
      installedArtifact({ name: 'kubelet', ...params.kubelet, install: { binary: kubeletPath } }),
      order,
    )
    const kubectl = scope.add(
      installedArtifact({ name: 'kubectl', ...params.kubectl, install: { binary: kubeadmApi.kubectlFile } }),
      order,
    )
    const wants = params.kubeletAfter.join(' ')
    // A path that would need quotes in the unit file is left out.
    const data = /^[\w/.-]+$/.exec(params.etcdData ?? '')?.[0]
    const unit = scope.add(
      file({
        path: kubeletUnitPath,
        mode: 0o644,
        content: templatesOf(import.meta.url)('kubelet.service', { wants, data }),
      }),
    )
    const dropIn = scope.add(
      file({
        path: kubeletDropInPath,
        mode: 0o644,
        content: '# Kept by evcctl, in the place of what the kubelet package of pkgs.k8s.io has under this name.\n',
      }),
    )
    const last = params.isNode ? [kubelet] : []
    const first = params.isNode ? [] : [kubelet]
    return { all: [kubeadm, ...first, kubectl, unit, dropIn], last, kubelet: [kubelet, unit, dropIn] }
  },
}
