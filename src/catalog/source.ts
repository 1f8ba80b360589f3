import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exitCodes, UserError } from '../core/index.ts'
import type { Artifact } from './artifact.ts'

/** Where artifacts are taken from: `spec.artifacts` of cluster.yaml. */
export interface ArtifactSources {
  readonly mirror?: string | Readonly<Record<string, string>>
  readonly folder?: string
  readonly checksums: Readonly<Record<string, string>>
  /** The sha256 of cluster.lock.yaml by the path of the artifact. They win over the catalog, and `checksums` over them. */
  readonly locked?: Readonly<Record<string, string>>
}

export interface ResolvedArtifact {
  /** A URL that the host downloads from, or a file that is pushed to it over SSH. */
  readonly from: { readonly url: string } | { readonly file: string }
  readonly sha256: string
  /** The source as a plan shows it: a host name, or `local folder`. */
  readonly site: string
}

/**
 * Finds the source of one artifact and its checksum, given the sources of a cluster. The URL in a mirror is
 * `<mirror>/<host>/<path>`, in a mirror of one site `<mirror>/<path>`; a folder holds `<host>/<path>` or the bare file
 * name. Throws UserError when no checksum is known, or when the folder does not have the file.
 */
export function resolveArtifact(
  sources: ArtifactSources,
  artifact: Artifact,
  exists: (path: string) => boolean = isFile,
): ResolvedArtifact {
  const sha256 = knownSha256(sources, artifact)
  if (sha256 === undefined) throw unknownChecksum(artifact)
  if (sources.folder !== undefined) {
    const file = folderPlaces(sources.folder, artifact).find(exists)
    if (file === undefined) throw notInFolder(sources.folder, artifact)
    return { from: { file }, sha256, site: 'local folder' }
  }
  const url = mirroredUrl(sources.mirror, artifact.url)
  return { from: { url }, sha256, site: new URL(url).host }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** The sha256 of an artifact, as far as it is known without asking a site: of cluster.yaml, its lock file or the catalog. */
export function knownSha256(
  { checksums, locked = {} }: Pick<ArtifactSources, 'checksums' | 'locked'>,
  { path, version, sha256 }: Artifact,
): string | undefined {
  return checksumOf(checksums, path, version) ?? (Object.hasOwn(locked, path) ? locked[path] : sha256)
}

/**
 * The checksum that a checksums file gives for a path. An entry may leave out leading parts of the path as long as it
 * still contains the version: `containerd-2.3.4-linux-amd64.tar.gz` is enough, `kubelet` is not.
 */
export function checksumOf(
  checksums: Readonly<Record<string, string>>,
  path: string,
  version: string,
): string | undefined {
  const parts = path.split('/')
  for (let from = 0; from < parts.length; from++) {
    const suffix = parts.slice(from).join('/')
    if (!suffix.includes(version)) return undefined
    if (Object.hasOwn(checksums, suffix)) return checksums[suffix]
  }
  return undefined
}

/** The two places in a local folder where an artifact may be. */
export function folderPlaces(folder: string, artifact: Artifact): readonly string[] {
  return [join(folder, artifact.path), join(folder, basename(artifact.path))]
}

/** Where an upstream URL is served: by the mirror for its site, or upstream. */
export function mirroredUrl(mirror: ArtifactSources['mirror'], url: string): string {
  if (mirror === undefined) return url
  const upstream = url.replace(/^https?:\/\//, '')
  if (typeof mirror === 'string') return `${withoutSlash(mirror)}/${upstream}`
  const [site = '', ...path] = upstream.split('/')
  const prefix = Object.hasOwn(mirror, site) ? mirror[site] : undefined
  return prefix === undefined ? url : `${withoutSlash(prefix)}/${path.join('/')}`
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

function unknownChecksum({ name, version, architecture, path }: Artifact): UserError {
  return new UserError(
    {
      where: 'spec.artifacts.checksums',
      problem: `No sha256 is known for ${name} ${version} (${architecture}).`,
      expected: `a line "<sha256>  ${path}" in the checksums file`,
      next: `Add that line, or choose a version of the catalog. If cluster.lock.yaml has this version without ${architecture}, remove it there: it is then looked up again.`,
    },
    { exitCode: exitCodes.badInput },
  )
}

function notInFolder(folder: string, artifact: Artifact): UserError {
  const [layout = '', bare = ''] = folderPlaces(folder, artifact)
  return new UserError(
    {
      where: 'spec.artifacts.folder',
      problem: `${artifact.name} ${artifact.version} (${artifact.architecture}) is not in the folder.`,
      expected: `${layout}\nor ${bare}`,
      actual: 'neither file exists',
      next: `curl -fL --create-dirs -o '${layout}' '${artifact.url}'`,
    },
    { exitCode: exitCodes.badInput },
  )
}
