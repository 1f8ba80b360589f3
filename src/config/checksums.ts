import type { UserError } from '../core/index.ts'
import { readFailure } from './files.ts'
import type { Finding, Path } from './finding.ts'
import { badInput } from './report.ts'

export interface ChecksumsFile {
  readonly checksums: Readonly<Record<string, string>>
  /** The errors in the checksums file, each with its line there. */
  readonly errors: readonly UserError[]
}

/** After this many invalid lines the file is probably no checksums file, and further errors say nothing new. */
const mostErrors = 5

/**
 * Reads a file as sha256sum writes it: `<sha256>  <name>`, or `<sha256> *<name>`; a leading `./` of a name is dropped,
 * blank lines and lines that begin with # are skipped.
 */
export function parseChecksums(text: string, file: string): ChecksumsFile {
  // A Map, because a file may have the name of a property that every object has.
  const checksums = new Map<string, string>()
  const firstLine = new Map<string, number>()
  const errors: UserError[] = []
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const where = `${file}:${index + 1}`
    const [, sha256 = '', given = ''] = /^([0-9a-fA-F]{64})(?: [ *]|\s+)(\S.*)$/.exec(line) ?? []
    const name = given.replace(/^(?:\.\/)+/, '').replace(/^https?:\/\//, '')
    const known = checksums.get(name)
    if (sha256 === '') {
      // The line itself is not shown: the user may have named another file by mistake, even a private key.
      errors.push(
        badInput({
          where,
          problem: 'This is not a line of sha256sum.',
          expected: '<64 hexadecimal digits>  <file name>',
          actual: `another line, of ${line.length} characters`,
        }),
      )
      if (errors.length === mostErrors) break
    } else if (known !== undefined && known !== sha256.toLowerCase()) {
      errors.push(
        badInput({
          where,
          problem: `"${name}" has another sha256 in line ${firstLine.get(name)}.`,
          next: 'Remove one of the two lines.',
        }),
      )
    } else {
      checksums.set(name, sha256.toLowerCase())
      if (!firstLine.has(name)) firstLine.set(name, index + 1)
    }
  }
  if (errors.length === 0 && firstLine.size === 0)
    errors.push(
      badInput({
        where: file,
        problem: 'There are no checksums in this file.',
        expected: '<64 hexadecimal digits>  <file name>',
      }),
    )
  return { checksums: Object.fromEntries(checksums), errors }
}

/** Reads one checksums file that cluster.yaml names at `path`. */
export function readChecksums(
  file: string,
  path: Path,
  readFile: (path: string) => string,
): ChecksumsFile & { readonly findings: readonly Finding[] } {
  try {
    return { ...parseChecksums(readFile(file), file), findings: [] }
  } catch (cause) {
    const problem = `The checksums file cannot be used. ${readFailure(cause)}: ${file}`
    return { checksums: {}, errors: [], findings: [{ path, problem }] }
  }
}
