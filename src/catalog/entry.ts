import type { Architecture } from '../core/index.ts'

/** What comes: an executable as it is, an archive of them, a Helm chart, or objects of Kubernetes as YAML. */
export type ArtifactKind = 'binary' | 'tar.gz' | 'chart' | 'manifest'

/** One upstream download: where it lies and what its bytes hash to. */
export interface CatalogEntry {
  /** Upstream's own address; `{version}` and `{arch}` are filled in. */
  readonly url: string
  readonly kind: ArtifactKind
  /** Version without `v`, newest first → architecture → sha256. */
  readonly sha256: Readonly<Record<string, Readonly<Record<Architecture, string>>>>
}
