import { z } from 'zod'

/** Where one version of an artifact comes from, as a parameter of a role. */
export const artifactDownload = z.strictObject({
  /** Without `v`. */
  version: z.string(),
  source: z.union([z.strictObject({ url: z.string() }), z.strictObject({ file: z.string() })]),
  sha256: z.string(),
  /** Shown in the plan: a host name, or `local folder`. */
  site: z.string(),
})

export type ArtifactDownload = z.output<typeof artifactDownload>
