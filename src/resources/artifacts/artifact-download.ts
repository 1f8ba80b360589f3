import { z } from 'zod'
import type { HttpProxy } from '../../core/http-proxy.ts'

/** Where a file comes from; see FetchSource. */
export const downloadSource = z.union([
  z.strictObject({ url: z.string(), proxy: z.custom<HttpProxy>().optional() }),
  z.strictObject({ file: z.string() }),
])

/** Where one version of an artifact comes from, as a parameter of a role. */
export const artifactDownload = z.strictObject({
  /** Without `v`. */
  version: z.string(),
  source: downloadSource,
  sha256: z.string(),
  /** Shown in the plan: a host name, or `local folder`. */
  site: z.string(),
})

export type ArtifactDownload = z.output<typeof artifactDownload>
