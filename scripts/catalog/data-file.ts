import { rcompare } from 'semver'
import type { CatalogEntry } from '../../src/catalog/entry.ts'
import { type ArtifactName, catalog } from '../../src/catalog/index.ts'

/** The text of a file of src/catalog/data, with more versions of a download. It has the format that Biome gives it. */
export function withVersions(text: string, name: ArtifactName, more: CatalogEntry['sha256']): string {
  const constant = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const begin = text.indexOf(`export const ${constant}: CatalogEntry = {`)
  const entry = /sha256: (everyArchitecture\()?\{\n[\s\S]*?\n {2}\}\)?,\n\}\n/g
  entry.lastIndex = begin
  const block = begin < 0 ? null : entry.exec(text)
  if (block === null) throw new Error(`The data file has no ${constant} with its sha256.`)
  const isSame = block[1] !== undefined
  // What an earlier call has added is in the text only.
  const versions = { ...catalog[name].sha256, ...versionsIn(block[0]), ...more }
  const lines = Object.entries(versions)
    .sort(([a], [b]) => rcompare(a, b))
    .map(([version, { amd64, arm64 }]) =>
      isSame
        ? `    '${version}': '${amd64}',\n`
        : `    '${version}': {\n      amd64: '${amd64}',\n      arm64: '${arm64}',\n    },\n`,
    )
  const written = `sha256: ${isSame ? 'everyArchitecture({' : '{'}\n${lines.join('')}  }${isSame ? ')' : ''},\n}\n`
  return text.slice(0, block.index) + written + text.slice(block.index + block[0].length)
}

function versionsIn(block: string): CatalogEntry['sha256'] {
  const each = block.matchAll(/'([^']+)': (?:\{\s+amd64: )?'([0-9a-f]{64})'(?:,\s+arm64: '([0-9a-f]{64})')?/g)
  return Object.fromEntries([...each].map(([, version = '', amd64 = '', arm64 = amd64]) => [version, { amd64, arm64 }]))
}
