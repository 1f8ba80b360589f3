import { localPath, type Surroundings } from './files.ts'
import type { Finding, Path } from './finding.ts'
import type { Sections } from './schema/cluster.ts'
import type { ImageArchive } from './spec.ts'

/**
 * The image archives of a cluster with their checksums, and what is wrong with them.
 * `checksums` is undefined if the checksums could not be read. Then missing ones are not reported in addition.
 */
export function imageArchives(
  archives: Sections['images']['archives'],
  clusterFile: string,
  checksums: Readonly<Record<string, string>> | undefined,
  { env, kind }: Surroundings,
): { readonly archives: readonly ImageArchive[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const result: ImageArchive[] = []
  for (const [index, given] of archives.entries()) {
    const path: Path = ['spec', 'images', 'archives', index]
    const { url, file, sha256: own, roles, architecture } = typeof given === 'string' ? shorthand(given) : given
    if ((url === undefined) === (file === undefined)) {
      findings.push({ path, problem: 'An image archive comes from one place.', expected: 'either url or file' })
      continue
    }
    const source = url === undefined ? { file: localPath(file ?? '', clusterFile, env) } : { url }
    const name = url ?? file ?? ''
    const sha256 = own ?? checksumOfArchive(checksums ?? {}, name)
    const found = source.file === undefined ? 'file' : kind(source.file)
    if (found === undefined) findings.push({ path, problem: `There is no image archive ${source.file}.` })
    else if (found !== 'file')
      findings.push({ path, problem: `${source.file} is no image archive.`, expected: 'a file', actual: found })
    else if (sha256 === undefined && checksums !== undefined)
      findings.push({
        path,
        problem: `No sha256 is known for ${name}.`,
        expected: 'sha256 here, or a line with its path or file name in spec.artifacts.checksums',
        ...('file' in source ? { next: `sha256sum '${source.file}'` } : {}),
      })
    if (sha256 === undefined) continue
    result.push({
      source,
      sha256,
      ...(roles === undefined ? {} : { roles }),
      ...(architecture === undefined ? {} : { architecture }),
    })
  }
  return { archives: result, findings }
}

function shorthand(given: string): Exclude<Sections['images']['archives'][number], string> {
  return /^https?:\/\//.test(given) ? { url: given } : { file: given }
}

// Looks for the whole path first, then for ever shorter ends of it, because mirrors add their own prefixes.
function checksumOfArchive(checksums: Readonly<Record<string, string>>, name: string): string | undefined {
  const parts = name.replace(/^https?:\/\//, '').split('/')
  const suffixes = parts.map((_, from) => parts.slice(from).join('/'))
  const found = suffixes.find(suffix => Object.hasOwn(checksums, suffix))
  return found === undefined ? undefined : checksums[found]
}
