import { basename } from 'node:path'
import { type Artifact, catalog } from './artifact.ts'
import type { CatalogEntry } from './entry.ts'

/** The upstream URL of the checksum file of a download; undefined if upstream publishes none. */
export function checksumsUrl({ name, version, architecture, url }: Artifact): string | undefined {
  const { checksums }: CatalogEntry = catalog[name]
  return checksums?.replaceAll('{url}', url).replaceAll('{version}', version).replaceAll('{arch}', architecture)
}

/** The sha256 that a checksum file has for a download, or why it has none that can be used. */
export type Published = { readonly sha256: string } | { readonly problem: string }

/**
 * Reads a checksum file as release sites publish them: lines of sha256sum, also within a signed text (runc), or the bare
 * digest of the one file that it belongs to (dl.k8s.io). Everything else in it is ignored, and never quoted.
 */
export function readPublished(text: string, artifact: Artifact): Published {
  const { checksums }: CatalogEntry = catalog[artifact.name]
  const bare = /^\s*([0-9a-fA-F]{64})\s*$/.exec(text)?.[1]
  if (bare !== undefined && checksums?.includes('{url}') === true) return { sha256: bare.toLowerCase() }
  const name = basename(artifact.path)
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const [, sha256 = '', file = ''] = /^([0-9a-fA-F]{64})[ \t]+\*?(\S+)\s*$/.exec(line) ?? []
    if (file !== '' && basename(file) === name) found.add(sha256.toLowerCase())
  }
  const [sha256] = found
  if (sha256 === undefined) return { problem: `${kindOf(text)}, without a sha256 of ${name}` }
  if (found.size > 1) return { problem: `${found.size} different sha256 of ${name}` }
  return { sha256 }
}

// The text may be of anybody, so its kind is told, and not the text.
function kindOf(text: string): string {
  if (text.trim() === '') return 'an empty file'
  return /^\s*<(!doctype|html|\?xml|head|body)/i.test(text) ? 'a web page' : `a text of ${text.length} characters`
}
