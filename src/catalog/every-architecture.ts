import type { CatalogEntry } from './entry.ts'

/** Checksums by version of a download that is the same file for every architecture. */
export function everyArchitecture(sha256: Readonly<Record<string, string>>): CatalogEntry['sha256'] {
  return Object.fromEntries(Object.entries(sha256).map(([version, sum]) => [version, { amd64: sum, arm64: sum }]))
}
