import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml'
import { type UserError, UserErrors } from '../core/index.ts'
import { nestedTooDeeplyAt } from '../core/yaml-depth.ts'
import { excerpt } from './excerpt.ts'
import { type Finding, formatPath, type Path } from './finding.ts'
import { withoutCredentials, withoutSecretLines, withoutSecrets } from './masking.ts'
import { badInput } from './report.ts'
import { clusterFileKind, type FileKind, syntaxErrors } from './syntax-errors.ts'
import { aliasTargets, standsForTooMuch } from './yaml-aliases.ts'
import { pairsOf } from './yaml-keys.ts'

interface Range {
  readonly start: number
  readonly end: number
}

/** A parsed cluster.yaml: its plain value, and the position of each part in the text. */
export class ClusterDocument {
  readonly value: unknown
  /** The path of the file, for messages. */
  readonly file: string
  readonly #lines: LineCounter
  readonly #document: Document
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()
  // Computed on first use, because most files have no alias.
  #targets: ReadonlyMap<Alias, Node> | undefined
  // The lines of the text with secrets masked, for excerpts in errors.
  #shown: readonly string[]

  /** Throws UserErrors if the text is not one valid YAML document. */
  constructor(text: string, file: string, kind: FileKind = clusterFileKind) {
    this.file = file
    // Removes a byte order mark: with it every column of line 1 would be off.
    const plain = text.replace(/^\uFEFF/, '')
    this.#shown = withoutSecretLines(plain).split('\n')
    this.#lines = new LineCounter()
    const errorAt = (start: number, end: number, details: Omit<Finding, 'path'>) =>
      this.#error({ start, end }, '', details)
    const deep = nestedTooDeeplyAt(plain)
    const documents = parse(plain.slice(0, deep), this.#lines, file)
    const [first] = documents
    // The parser opens a new mapping at each "a: b: c". A hundred such mistakes look nested too deeply, but are reported as they are.
    if (deep !== undefined && first?.errors.every(({ code }) => code !== 'BLOCK_AS_IMPLICIT_KEY'))
      throw new UserErrors([errorAt(deep, deep + 1, { problem: 'This YAML is nested too deeply to be read.' })])
    const errors = syntaxErrors(plain, documents, kind, errorAt)
    if (errors.length > 0 || first === undefined) throw new UserErrors(errors)
    this.#document = first
    this.value = plainValue(first, file)
    this.#shown = withoutSecrets(plain, first).split('\n')
  }

  /** The error for a finding, with line, column and an excerpt of the text. */
  error(finding: Finding): UserError {
    return this.#error(this.#find(finding.path, finding.at ?? 'value'), formatPath(finding.path), finding)
  }

  /** The place of a value, e.g. `cluster.yaml:14:7  spec.ssh.password`, for errors that are found later. */
  where(path: Path): string {
    return this.#where(this.#find(path, 'value'), formatPath(path))
  }

  /** A scalar as written in the text (`1.30`, not 1.3); undefined for anything else. */
  source(path: Path): string | undefined {
    const node = this.#node(path)
    return isScalar(node) ? node.source : undefined
  }

  /** The offset of a finding in the text, to sort findings by. */
  offset(finding: Finding): number {
    return this.#find(finding.path, finding.at ?? 'value').start
  }

  #error(range: Range, path: string, { problem, expected, actual, next }: Omit<Finding, 'path'>): UserError {
    return badInput({
      where: this.#where(range, path),
      // A message may quote a key, and a key may contain a URL with credentials.
      problem: withoutCredentials(problem),
      ...(expected === undefined ? {} : { expected }),
      ...(actual === undefined ? {} : { actual: withoutCredentials(actual) }),
      ...(next === undefined ? {} : { next }),
      excerpt: excerpt(this.#shown, this.#lines, range),
    })
  }

  #where(range: Range, path: string): string {
    const { line, col } = this.#lines.linePos(range.start)
    const place = `${this.file}:${Math.max(line, 1)}:${Math.max(col, 1)}`
    return path === '' ? place : `${place}  ${withoutCredentials(path)}`
  }

  #find(path: Path, at: 'key' | 'value'): Range {
    let node: Node | null = this.#document.contents
    let range = rangeOf(node, { start: 0, end: 0 })
    for (const [index, part] of path.entries()) {
      const last = index === path.length - 1
      const resolved = this.#resolve(node)
      const pair = isMap(resolved) ? this.#pair(resolved, part) : undefined
      const child: unknown = isSeq(resolved) ? resolved.items[Number(part)] : pair?.value
      if (pair === undefined && !isNode(child)) return range
      const key = isNode(pair?.key) ? rangeOf(pair.key, range) : range
      node = isNode(child) ? child : null
      const value = rangeOf(node, key)
      // For an empty entry of a list, points at its dash.
      if (isSeq(resolved) && value.start === value.end) {
        range = { start: Math.max(0, value.start - 1), end: value.start }
        continue
      }
      // An empty value has an empty range after the colon, so points at its key instead.
      range = (last && at === 'key' && pair !== undefined) || value.start === value.end ? key : value
    }
    return range
  }

  #node(path: Path): Node | null {
    let node: Node | null = this.#document.contents
    for (const part of path) {
      const resolved = this.#resolve(node)
      const child: unknown = isSeq(resolved)
        ? resolved.items[Number(part)]
        : isMap(resolved)
          ? this.#pair(resolved, part)?.value
          : undefined
      if (!isNode(child)) return null
      node = child
    }
    return this.#resolve(node)
  }

  #resolve(node: Node | null): Node | null {
    if (!isAlias(node)) return node
    this.#targets ??= aliasTargets(this.#document)
    return this.#targets.get(node) ?? null
  }

  // A key may have come in by a merge (`<<: *defaults`).
  #pair(map: YAMLMap, key: string | number): Pair | undefined {
    let pairs = this.#pairs.get(map)
    if (pairs === undefined) {
      pairs = pairsOf(map)
      this.#pairs.set(map, pairs)
    }
    const own = pairs.get(String(key))
    if (own !== undefined) return own
    for (const pair of map.items) {
      if (!isScalar(pair.key) || pair.key.source !== '<<') continue
      const merged = this.#resolve(pair.value as Node | null)
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const from = this.#resolve(source as Node | null)
        const found = isMap(from) && from !== map ? this.#pair(from, key) : undefined
        if (found !== undefined) return found
      }
    }
    return undefined
  }
}

function parse(text: string, lineCounter: LineCounter, file: string): readonly Document[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      merge: true,
      // repeatedKeys() finds repeated keys, in less time.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
    return Array.isArray(documents) ? documents : []
  } catch (cause) {
    // The parser reports errors in a text as values. It throws only because of a bug of its own.
    throw new UserErrors([badInput({ where: file, problem: 'This YAML cannot be read.' }, cause)])
  }
}

function plainValue(document: Document, file: string): unknown {
  try {
    if (standsForTooMuch(document)) throw new RangeError('its aliases stand for too much')
    return document.toJS({ maxAliasCount: -1 })
  } catch (cause) {
    const error = badInput(
      {
        where: file,
        problem: 'The aliases (*name) of this file cannot be resolved: too many, or in a circle.',
        next: 'Write the values out, or use fewer anchors.',
      },
      cause,
    )
    throw new UserErrors([error])
  }
}

function rangeOf(node: Node | null, otherwise: Range): Range {
  const range = node?.range
  return range === null || range === undefined ? otherwise : { start: range[0], end: range[1] }
}
