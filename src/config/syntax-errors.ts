import { type Document, isMap, isScalar, visit, type YAMLError } from 'yaml'
import type { UserError } from '../core/index.ts'
import type { Finding } from './finding.ts'

/** Makes an error for a stretch of the text, given as offsets. */
type ErrorAt = (start: number, end: number, details: Omit<Finding, 'path'>) => UserError

const startHere = 'evcctl init writes a commented file to start from.'

/** What is wrong with the YAML itself, one error a line. Empty when it is one document with a mapping. */
export function syntaxErrors(text: string, documents: readonly Document[], errorAt: ErrorAt): readonly UserError[] {
  const [first, second] = documents
  if (text.includes('\0')) return [errorAt(0, 1, { problem: 'This is not a text file in UTF-8.', next: startHere })]
  const blank = documents.every(({ contents, errors }) => isNothing(contents) && errors.length === 0)
  if (first === undefined || blank) return [errorAt(0, 0, { problem: 'This file is empty.', next: startHere })]
  const problems = [...first.errors, ...first.warnings]
  const errors = new Map<number, UserError>()
  for (const problem of problems) {
    const [start, end] = problem.pos
    const line = text.slice(0, start).split('\n').length
    // One mistake often makes the parser stumble several times in the same line.
    if (!errors.has(line)) errors.set(line, errorAt(start, end, describe(problem, text, first)))
  }
  if (errors.size > 0) return [...errors.values()]
  const aliases = aliasErrors(first, errorAt)
  if (aliases.length > 0) return aliases
  if (second !== undefined) {
    const start = second.contents?.range?.[0] ?? 0
    return [
      errorAt(start, start, {
        problem: 'There is a second YAML document in this file.',
        expected: 'one document: one cluster',
        next: 'Remove the line "---", or move the second document to a file of its own.',
      }),
    ]
  }
  if (isMap(first.contents)) return []
  const [start, end] = first.contents?.range ?? [0, 0]
  return [
    errorAt(start, Math.min(end, start + 20), {
      problem: 'This is not a description of a cluster.',
      expected: 'a mapping with apiVersion, kind, metadata and spec',
      came: isScalar(first.contents) ? 'a single value' : 'a list',
      next: startHere,
    }),
  ]
}

function isNothing(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '')
}

function describe(error: YAMLError, text: string, document: Document): Omit<Finding, 'path'> {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { problem: 'YAML does not allow tabs for indentation.', next: 'Replace the tab by spaces.' }
    case 'DUPLICATE_KEY': {
      const key = keyAt(document, error.pos[0])
      const of = key === undefined ? 'This key' : `The key "${key}"`
      return { problem: `${of} stands twice in the same mapping.`, next: 'Remove one of the two.' }
    }
    case 'BAD_INDENT':
      if (error.message.startsWith('Flow'))
        return { problem: 'A "{" or "[" above is not closed.', next: 'Look for a missing "}" or "]".' }
      return {
        problem: 'The indentation does not fit the lines above.',
        next: 'Keys of one mapping, and the "-" of one list, begin in the same column.',
      }
    case 'MISSING_CHAR':
    case 'UNEXPECTED_TOKEN':
    case 'BLOCK_IN_FLOW':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY': {
      const hint = text.slice(error.pos[0], error.pos[0] + 1) === '\t' ? 'Is there a tab?' : undefined
      return {
        problem: `This is not valid YAML: ${lowerFirst(error.message)}.`,
        next: hint ?? 'Look for a missing ":", quote, "}" or "]" here or in the line above.',
      }
    }
    case 'TAG_RESOLVE_FAILED':
      return { problem: `YAML tags are not used in this file: ${lowerFirst(error.message)}.`, next: 'Remove the "!…".' }
    default:
      return { problem: `This is not valid YAML: ${lowerFirst(error.message)}.` }
  }
}

// Aliases of nothing, and those that stand inside of what they name: no value can be made of either.
function aliasErrors(document: Document, errorAt: ErrorAt): readonly UserError[] {
  const errors: UserError[] = []
  visit(document, {
    Alias(_, alias, ancestors) {
      const [start = 0, end = 0] = alias.range ?? []
      const target = alias.resolve(document)
      if (target === undefined)
        errors.push(
          errorAt(start, end, {
            problem: `Nothing above has the anchor &${alias.source}.`,
            next: `A text that begins with * needs quotes: "*${alias.source}"`,
          }),
        )
      else if (ancestors.includes(target))
        errors.push(errorAt(start, end, { problem: `The alias *${alias.source} stands inside of what it names.` }))
    },
  })
  return errors
}

function keyAt(document: Document, offset: number): string | undefined {
  let found: string | undefined
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.range?.[0] === offset) found = String(key.value)
    },
  })
  return found
}

function lowerFirst(text: string): string {
  return (text.charAt(0).toLowerCase() + text.slice(1)).replace(/[.:]$/, '').split('\n')[0] ?? ''
}
