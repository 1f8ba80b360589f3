import type { Architecture } from '../core/index.ts'

/** The content of a download: an executable, an archive of executables, a Helm chart, or Kubernetes objects as YAML. */
export type ArtifactKind = 'binary' | 'tar.gz' | 'chart' | 'manifest'

/** One upstream download: its address and the sha256 of its content. */
export interface CatalogEntry {
  /** The upstream URL; `{version}` and `{arch}` are replaced. */
  readonly url: string
  readonly kind: ArtifactKind
  /**
   * The URL of the checksum file that upstream publishes with a release; `{url}` is the URL of the download. Undefined:
   * upstream publishes none, so the sha256 of a new version is that of the file itself.
   */
  readonly checksums?: string
  /** Version without `v`, newest first → architecture → sha256. */
  readonly sha256: Readonly<Record<string, Readonly<Record<Architecture, string>>>>
}
