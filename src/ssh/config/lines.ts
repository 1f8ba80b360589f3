import { globSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { exitCodes, UserError } from '../../core/errors.ts'
import { localFileBytes } from '../../core/limits.ts'
import { readLocalFile } from '../../core/local-file.ts'
import { expandHome, shortPath } from '../home.ts'
import { keywords } from './keywords.ts'
import { checkMatch } from './match.ts'
import { keywordOf, splitWords } from './words.ts'

/** A place in a configuration file. */
export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/** One line with a keyword. */
export interface ConfigLine extends Place {
  readonly keyword: string
  readonly words: readonly string[]
  /** Only for `Include`: the lines of the included files. */
  readonly included?: readonly ConfigLine[]
}

// The same limit as in OpenSSH.
const deepestInclude = 16
// More lines than any real configuration has. Without a limit, an endless file would fill the memory.
const mostLines = 200_000

interface Reading {
  /** The folder in which `Include` looks for relative paths. */
  readonly folder: string
  /** Whether to refuse files that other users can write to, as OpenSSH does for the user's own configuration. */
  readonly checkOwner: boolean
  lines: number
}

/**
 * Reads a configuration file and the files that it includes. A file that does not exist counts as empty. Raises UserError
 * with file and line for what OpenSSH would refuse as well.
 */
export function readConfigLines(file: string, options: { readonly checkOwner: boolean }): readonly ConfigLine[] {
  return readFile(file, 0, { folder: dirname(file), lines: 0, ...options })
}

/** An error at a place of a configuration file. */
export function configError(place: Place, problem: string, expected: string, actual: string): UserError {
  return new UserError(
    {
      where: `${shortPath(place.file)}:${place.line}`,
      problem,
      expected,
      actual,
      next: 'Correct the line: ssh refuses it as well. See: man ssh_config',
    },
    { exitCode: exitCodes.badInput },
  )
}

function readFile(file: string, depth: number, reading: Reading): ConfigLine[] {
  const text = readText(file, reading)
  const found: ConfigLine[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const parts = keywordOf(line)
    if (parts === undefined) continue
    const place = { file, line: index + 1 }
    if (++reading.lines > mostLines)
      throw configError(place, 'the ssh configuration is too long', `at most ${mostLines} lines`, 'more')
    const { keyword, rest } = parts
    const words = wordsOf(place, keyword, rest)
    if (keyword === 'include')
      found.push({ ...place, keyword, words, included: include(place, words, depth + 1, reading) })
    else if (keyword === 'host' || keyword === 'match' || Object.hasOwn(keywords, keyword))
      found.push({ ...place, keyword, words })
  }
  return found
}

// The words after a keyword. Like OpenSSH, this checks them even in a block that does not match the host.
function wordsOf(place: Place, keyword: string, rest: string): readonly string[] {
  if (rest === '')
    throw configError(place, `nothing follows ${keyword || 'the keyword'}`, 'a value', 'the end of the line')
  const words = splitWords(rest)
  if (words === undefined) throw configError(place, 'a quote is not closed', 'quotes in pairs', rest)
  if (keyword === 'match')
    checkMatch(words, (expected, actual) => configError(place, 'this Match cannot be read', expected, actual))
  const known = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
  if (known === undefined) return words
  if (known.words === 'line') return [rest]
  if (words[0] === undefined || words[0] === '') throw configError(place, `nothing follows ${keyword}`, 'a value', rest)
  if (known.words === 'one' && words.length > 1 && keyword !== 'proxyjump')
    throw configError(place, `${keyword} takes one value`, 'one value, in quotes where it has blanks', rest)
  const expected = known.check?.(words)
  if (expected !== undefined) throw configError(place, `${keyword} cannot be read`, expected, rest)
  return words
}

function include(place: Place, patterns: readonly string[], depth: number, reading: Reading): ConfigLine[] {
  if (depth > deepestInclude)
    throw configError(
      place,
      'Include goes too deep; it may include itself',
      `at most ${deepestInclude} levels`,
      patterns.join(' '),
    )
  return patterns
    .flatMap(pattern => globSync(likeGlob3(resolve(reading.folder, expandHome(pattern)))).sort())
    .flatMap(file => readFile(file, depth, reading))
}

// Limits a pattern to what glob(3) knows: `*`, `?` and `[…]`. `**` would read whole trees, and braces would multiply paths.
function likeGlob3(pattern: string): string {
  return pattern.replace(/\*{2,}/g, '*').replace(/[{}()]/g, '\\$&')
}

function readText(file: string, { checkOwner }: Reading): string {
  const refuse = (problem: string, expected: string, actual: string): never => {
    throw new UserError(
      { where: shortPath(file), problem, expected, actual, next: `ls -l ${shortPath(file)}` },
      { exitCode: exitCodes.badInput },
    )
  }
  try {
    const status = statSync(file)
    // Only regular files are read: a pipe might never end, and a folder has no lines.
    if (!status.isFile()) return ''
    const uid = process.getuid?.() ?? status.uid
    if (checkOwner && ((status.mode & 0o022) !== 0 || (status.uid !== 0 && status.uid !== uid)))
      refuse(
        'others may write to this ssh configuration, so ssh refuses it and evcctl does too',
        'a file of your own that only you may write to (chmod go-w)',
        `mode ${(status.mode & 0o777).toString(8)}, owner ${status.uid}`,
      )
    if (status.size > localFileBytes.sshConfig)
      refuse('the ssh configuration is too large', 'at most 4 MiB', `${status.size} bytes`)
    return readLocalFile(file, localFileBytes.sshConfig).toString()
  } catch (error) {
    if (error instanceof UserError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code !== 'ENOENT' && code !== 'ENOTDIR') refuse('the ssh configuration cannot be read', 'a readable file', code)
    return ''
  }
}
