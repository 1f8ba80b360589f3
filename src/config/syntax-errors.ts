import { type Document, isCollection, isMap, isScalar, isSeq, type Node, visit, type YAMLError } from 'yaml'
import type { UserError } from '../core/index.ts'
import type { Finding } from './finding.ts'
import { repeatedKeys } from './yaml-keys.ts'

/** Makes an error for a range of the text, given as offsets. */
type ErrorAt = (start: number, end: number, details: Omit<Finding, 'path'>) => UserError

type Problem = Pick<YAMLError, 'code' | 'message'> & { readonly pos: readonly [number, number] }

/** The most errors shown for one file. Each one costs a pass over the whole text. */
const mostErrors = 50

/** What a file of some kind is, and what to do where it is nothing like that. */
export interface FileKind {
  /** `a description of a cluster` */
  readonly name: string
  /** What its text has to be, e.g. `a mapping with apiVersion and kind`. */
  readonly expected: string
  readonly startHere: string
}

/** cluster.yaml */
export const clusterFileKind: FileKind = {
  name: 'a description of a cluster',
  expected: 'a mapping with apiVersion, kind, metadata and spec',
  startHere: 'evcctl init writes a commented file to start from.',
}

/** The errors in the YAML itself, at most one for each line. Empty if the text is one document with a mapping. */
export function syntaxErrors(
  text: string,
  documents: readonly Document[],
  { name, expected, startHere }: FileKind,
  errorAt: ErrorAt,
): readonly UserError[] {
  const [first, second] = documents
  if (text.includes('\0')) return [errorAt(0, 1, { problem: 'This is not a text file in UTF-8.', next: startHere })]
  const blank = documents.every(({ contents, errors }) => isNothing(contents) && errors.length === 0)
  if (first === undefined || blank) return [errorAt(0, 0, { problem: 'This file is empty.', next: startHere })]
  const repeated = repeatedKeys(first).map(pos => ({ code: 'DUPLICATE_KEY', pos, message: '' }) as const)
  const problems: readonly Problem[] = [...first.errors, ...repeated, ...first.warnings].sort(
    (a, b) => a.pos[0] - b.pos[0],
  )
  const errors: UserError[] = []
  let toldUpTo = -1
  for (const problem of problems) {
    if (errors.length === mostErrors) break
    // One mistake often causes several parser errors in the same line, so only the first is shown.
    if (problem.pos[0] <= toldUpTo) continue
    const lineEnd = text.indexOf('\n', problem.pos[0])
    toldUpTo = lineEnd < 0 ? text.length : lineEnd
    const opening = openingOf(problem, text, first)
    const [start, end] = opening ?? problem.pos
    const details = opening === undefined ? describe(problem, text, first) : notClosed(text[start] ?? '')
    errors.push(errorAt(start, end, details))
  }
  if (errors.length > 0) return errors
  const nodes = [...aliasErrors(first, errorAt), ...tagErrors(first, errorAt), ...keyErrors(first, errorAt)]
  if (nodes.length > 0) return nodes
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
      problem: `This is not ${name}.`,
      expected,
      actual: isScalar(first.contents) ? 'a single value' : 'a list',
      next: startHere,
    }),
  ]
}

function isNothing(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '')
}

function describe(error: Problem, text: string, document: Document): Omit<Finding, 'path'> {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { problem: 'YAML does not allow tabs for indentation.', next: 'Replace the tab by spaces.' }
    case 'DUPLICATE_KEY': {
      const key = keyAt(document, error.pos[0])
      const of = key === undefined ? 'This key' : `The key "${key}"`
      const entry = isInList(document, error.pos[0]) ? ', or begin a new entry of the list with "- "' : ''
      return { problem: `${of} stands twice in the same mapping.`, next: `Remove one of the two${entry}.` }
    }
    case 'BAD_INDENT':
      if (error.message.startsWith('Flow'))
        return { problem: 'A "{" or "[" above is not closed.', next: 'Look for a missing "}" or "]".' }
      return badIndentation
    case 'MISSING_CHAR':
    case 'UNEXPECTED_TOKEN':
    case 'BLOCK_IN_FLOW':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY': {
      return unexpected(error, text)
    }
    case 'TAG_RESOLVE_FAILED':
      return { problem: `YAML tags are not used in this file: ${lowerFirst(error.message)}.`, next: 'Remove the "!…".' }
    default:
      return { problem: `This is not valid YAML: ${lowerFirst(error.message)}.` }
  }
}

const badIndentation = {
  problem: 'The indentation does not fit the lines above.',
  next: 'Keys of one mapping, and the "-" of one list, begin in the same column.',
}

function unexpected(error: Problem, text: string): Omit<Finding, 'path'> {
  const start = error.pos[0]
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const [line = '', below = ''] = text.slice(lineStart).split('\n')
  const problem = `This is not valid YAML: ${lowerFirst(error.message)}.`
  if (/[\u00a0\u2007\u202f]/.test(line))
    return { problem, next: 'There is a no-break space in this line, which looks like a space: replace it by one.' }
  if (text[start] === '\t') return { problem, next: 'Is there a tab?' }
  if (error.message.startsWith('Sequence item without -')) return badIndentation
  if (error.message.startsWith('Nested mappings are not allowed')) {
    const value = text.slice(start, lineStart + line.length)
    if (/:\s/.test(value)) return { problem, next: 'A text with ": " in it needs quotes.' }
    if (/^\s*[^\s#-][^:]*:(\s|$)/.test(below))
      return {
        problem: 'The line below is indented deeper, but this key has a value already.',
        next: badIndentation.next,
      }
  }
  return { problem, next: 'Look for a missing ":", quote, "}" or "]" here or in the line above.' }
}

function notClosed(opening: string): Omit<Finding, 'path'> {
  const closing = { '[': ']', '{': '}' }[opening] ?? opening
  return { problem: `This ${opening} is not closed.`, next: `Put the ${closing} where its value ends.` }
}

// The parser reports an unclosed quote or bracket at the end of the file. Where it opens is more useful.
function openingOf(error: Problem, text: string, document: Document): readonly [number, number] | undefined {
  if (error.code !== 'MISSING_CHAR' && error.code !== 'BAD_INDENT') return undefined
  let found: number | undefined
  visit(document, {
    Node(_, node) {
      const [start = 0, end = 0] = node.range ?? []
      const close = { '[': ']', '{': '}', '"': '"', "'": "'" }[text[start] ?? '']
      const isOpen = close !== undefined && (end - start < 2 || text[end - 1] !== close)
      const isQuoted = isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')
      if (isOpen && (isQuoted || (isCollection(node) && node.flow === true))) found = start
    },
  })
  return found === undefined ? undefined : [found, found + 1]
}

// Reports aliases without an anchor and aliases inside their own anchor, because neither has a value.
function aliasErrors(document: Document, errorAt: ErrorAt): readonly UserError[] {
  const errors: UserError[] = []
  const anchors = new Map<string, Node>()
  visit(document, {
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
    Alias(_, alias, ancestors) {
      if (errors.length === mostErrors) return visit.BREAK
      const [start = 0, end = 0] = alias.range ?? []
      const target = anchors.get(alias.source)
      if (target === undefined)
        errors.push(
          errorAt(start, end, {
            problem: `Nothing above has the anchor &${alias.source}.`,
            next: `A text that begins with * needs quotes: "*${alias.source}"`,
          }),
        )
      else if (ancestors.includes(target))
        errors.push(errorAt(start, end, { problem: `The alias *${alias.source} stands inside of what it names.` }))
      return undefined
    },
  })
  return errors
}

// Reports tags: they turn a text into bytes, a date or a set, which no key of this file accepts.
function tagErrors(document: Document, errorAt: ErrorAt): readonly UserError[] {
  const errors: UserError[] = []
  visit(document, {
    Node(_, node) {
      const { tag, range } = node as { tag?: string; range?: readonly number[] | null }
      if (errors.length === mostErrors) return visit.BREAK
      if (tag === undefined || plainTags.has(tag)) return undefined
      const [start = 0, end = 0] = range ?? []
      const name = tag.replace(coreTag, '!!')
      errors.push(
        errorAt(start, end, { problem: `YAML tags are not used in this file: ${name}.`, next: `Remove the ${name}.` }),
      )
      return undefined
    },
  })
  return errors
}

const coreTag = 'tag:yaml.org,2002:'
const plainTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(name => coreTag + name))

// Reports lists and mappings as keys. They are usually mistakes, such as "{{ name }}" without quotes.
function keyErrors(document: Document, errorAt: ErrorAt): readonly UserError[] {
  const errors: UserError[] = []
  visit(document, {
    Pair(_, { key }) {
      if (errors.length === mostErrors) return visit.BREAK
      if (!isCollection(key)) return undefined
      const [start = 0, end = 0] = key.range ?? []
      const problem = 'A list or a mapping cannot be a key.'
      errors.push(errorAt(start, end, { problem, next: 'A text that begins with [ or { needs quotes.' }))
      return undefined
    },
  })
  return errors
}

function isInList(document: Document, offset: number): boolean {
  let found = false
  visit(document, {
    Pair(_, { key }, ancestors) {
      if (isScalar(key) && key.range?.[0] === offset) found = isSeq(ancestors.at(-2))
    },
  })
  return found
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
