import type { FetchSource } from './fetch-step.ts'

/** The download of one version of an artifact, as a parameter of a role. */
export interface ArtifactDownload {
  /** Without `v`. */
  readonly version: string
  readonly source: FetchSource
  readonly sha256: string
  /** Shown in the plan: a host name, or `local folder`. */
  readonly site: string
}
