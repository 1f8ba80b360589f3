import { basename } from 'node:path'
import { type ArtifactName, artifact, resolveArtifact } from '../catalog/index.ts'
import type { ClusterSpec, ImageArchive } from '../config/index.ts'
import { type Architecture, UserError } from '../core/index.ts'
import type { ArtifactDownload } from '../resources/artifacts/index.ts'
import type { Machine } from './machines.ts'

/** Where one artifact comes from. Throws UserError for one that cannot be had. */
export type FindDownload = (name: ArtifactName, version: string) => ArtifactDownload

/** Artifacts for the architecture of a machine, from where cluster.yaml says. Throws UserError where there are none for it. */
export function downloadsFor(spec: ClusterSpec, machine: Machine): FindDownload {
  const architecture = architectureOf(machine)
  return (name, version) => {
    const { from, sha256, site } = resolveArtifact(spec.artifacts, artifact(name, version, architecture))
    return { version, source: through(machine, from), sha256, site }
  }
}

/** The folder in etcd's archive that its programs are in. */
export function etcdArchiveFolder(machine: Machine, version: string): string {
  return basename(artifact('etcd', version, architectureOf(machine)).path, '.tar.gz')
}

/** The folder in helm's archive that its program is in. */
export function helmArchiveFolder(machine: Machine): string {
  return `linux-${architectureOf(machine)}`
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
