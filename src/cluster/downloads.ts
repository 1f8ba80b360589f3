import { basename } from 'node:path'
import { type ArtifactName, artifact, resolveArtifact } from '../catalog/index.ts'
import type { ClusterSpec, ImageArchive } from '../config/index.ts'
import { type Architecture, UserError } from '../core/index.ts'
import type { ArtifactDownload } from '../resources/artifacts/index.ts'
import type { Machine } from './machines.ts'

/** Finds the source of an artifact. Throws UserError if there is none. */
export type FindDownload = (name: ArtifactName, version: string) => ArtifactDownload

/**
 * Finds artifacts for the architecture of a machine, at the sources in cluster.yaml. Throws UserError if Kubernetes has
 * none for that architecture.
 */
export function downloadsFor(spec: ClusterSpec, machine: Machine): FindDownload {
  const architecture = architectureOf(machine)
  return (name, version) => {
    const { from, sha256, site } = resolveArtifact(spec.artifacts, artifact(name, version, architecture))
    return { version, source: through(machine, from), sha256, site }
  }
}

/** The folder with the programs in the archive of etcd. */
export function etcdArchiveFolder(machine: Machine, version: string): string {
  return basename(artifact('etcd', version, architectureOf(machine)).path, '.tar.gz')
}

/** The folder with the program in the archive of helm. */
export function helmArchiveFolder(machine: Machine): string {
  return `linux-${architectureOf(machine)}`
}

/** The image archives for a host, as parameters of the role images. */
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
