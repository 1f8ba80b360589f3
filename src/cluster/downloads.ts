import { basename } from 'node:path'
import { type ArtifactName, artifact, resolveArtifact } from '../catalog/index.ts'
import type { ClusterSpec, ImageArchive, RuntimeSpec } from '../config/index.ts'
import { type Architecture, UserError } from '../core/index.ts'
import type { ArtifactDownload } from '../resources/artifacts/index.ts'
import type { Machine } from './machines.ts'

/** What the container runtime of cluster.yaml is made of. */
export type RuntimeDownloads =
  | { readonly name: 'containerd'; readonly containerd: ArtifactDownload; readonly runc: ArtifactDownload }
  | { readonly name: 'cri-o'; readonly criO: ArtifactDownload }
  | { readonly name: 'docker'; readonly criDockerd: ArtifactDownload }

/** Every program that a node needs, for its architecture, from where cluster.yaml says. */
export interface NodeDownloads {
  readonly runtime: RuntimeDownloads
  readonly cniPlugins: ArtifactDownload
  readonly kubeadm: ArtifactDownload
  readonly kubelet: ArtifactDownload
  readonly kubectl: ArtifactDownload
}

/** Throws UserError for a machine that has no upstream artifacts, and for an artifact that cannot be had. */
export function downloadsFor(spec: ClusterSpec, machine: Machine): NodeDownloads {
  const find = finder(spec, machine)
  const { kubernetes, runtime, network } = spec
  return {
    runtime: runtimeDownloads(runtime, find),
    cniPlugins: find('cni-plugins', network.cniPluginsVersion),
    kubeadm: find('kubeadm', kubernetes.version),
    kubelet: find('kubelet', kubernetes.version),
    kubectl: find('kubectl', kubernetes.version),
  }
}

/** etcd for a host with that role, and the folder of its programs in the archive. */
export function etcdDownload(
  spec: ClusterSpec,
  machine: Machine,
  version: string,
): ArtifactDownload & { readonly archiveFolder: string } {
  const { path } = artifact('etcd', version, architectureOf(machine))
  return { ...finder(spec, machine)('etcd', version), archiveFolder: basename(path, '.tar.gz') }
}

/** What a pod network needs on the first control plane node, with the folder of helm's program in its archive. */
export function networkDownloads(spec: ClusterSpec, machine: Machine) {
  const find = finder(spec, machine)
  const { calico, cilium } = spec.network
  return {
    calicoManifest: () => find('calico-manifest', calico.version),
    ciliumChart: () => find('cilium-chart', cilium.version),
    helm: () => find('helm', cilium.helmVersion),
    helmFolder: `linux-${architectureOf(machine)}`,
  }
}

type Find = (name: ArtifactName, version: string) => ArtifactDownload

function finder(spec: ClusterSpec, machine: Machine): Find {
  const architecture = architectureOf(machine)
  return (name, version) => {
    const { from, sha256, site } = resolveArtifact(spec.artifacts, artifact(name, version, architecture))
    return { version, source: through(machine, from), sha256, site }
  }
}

function runtimeDownloads(runtime: RuntimeSpec, find: Find): RuntimeDownloads {
  const { name, version } = runtime
  switch (name) {
    case 'containerd':
      return { name, containerd: find('containerd', version), runc: find('runc', runtime.runcVersion) }
    case 'cri-o':
      return { name, criO: find('cri-o', version) }
    case 'docker':
      return { name, criDockerd: find('cri-dockerd', version) }
  }
}

/** The image archives that are meant for a host, as parameters of the images role. */
export function archivesFor(spec: ClusterSpec, machine: Machine) {
  const architecture = architectureOf(machine)
  return spec.images.archives
    .filter(archive => archive.architecture === undefined || archive.architecture === architecture)
    .filter(archive => archive.roles === undefined || archive.roles.some(role => machine.host.roles.includes(role)))
    .map(({ source, sha256 }) => ({
      name: nameOf(source),
      source: through(machine, source),
      sha256,
      site: siteOf(source),
    }))
}

function through({ proxy }: Machine, source: ImageArchive['source']): ArtifactDownload['source'] {
  return 'url' in source && proxy !== undefined ? { ...source, proxy } : source
}

function nameOf(source: ImageArchive['source']): string {
  return 'url' in source ? basename(new URL(source.url).pathname) : basename(source.file)
}

function siteOf(source: ImageArchive['source']): string {
  return 'url' in source ? new URL(source.url).host : 'local file'
}

function architectureOf({ host, facts }: Machine): Architecture {
  if (facts.architecture !== undefined) return facts.architecture
  throw new UserError({
    where: host.name,
    problem: 'Kubernetes has no upstream programs for this machine.',
    expected: 'x86_64 or aarch64',
    actual: facts.machine,
  })
}
