import { type Document, isMap, isScalar, isSeq, type Pair, visit } from 'yaml'
import { hideInUrls, tellsOf } from '../core/credential-names.ts'

// If a user writes secrets into the file against the rules, excerpts in errors must not bring them into logs.

// The name of a key, wherever in a line.
const keyInLine = /(?<![\w.-])([\w.-]+)["']?[ \t]*:[ \t]*/g
const keyLine = /^([ \t]*(?:-[ \t]+)*)[^\s:#,{}[\]-][^\s:#,{}[\]]*:(?:\s|$)/
// Keys that say where a secret is, so that their values are no secrets.
const references = new Set(['fromFile', 'prompt'])

/** The text with each `user:password@` and each query of a URL replaced by stars. */
export function withoutCredentials(text: string): string {
  return hideInUrls(text, stars)
}

/**
 * The text with secrets replaced by stars, also those under keys that evcctl does not know (`sudo_password`, `token`). All
 * other characters keep their position.
 */
export function withoutSecrets(text: string, document: Document): string {
  const secrets: Range[] = []
  visit(document, {
    Pair(_, pair) {
      // Not secrets.push(...secretsIn(pair)): a list may have more items than a call can have arguments.
      for (const secret of secretsIn(pair)) secrets.push(secret)
    },
  })
  const shown: string[] = []
  let at = 0
  for (const { start, end } of secrets.sort((a, b) => a.start - b.start)) {
    if (end <= at) continue
    shown.push(text.slice(at, Math.max(at, start)), stars(text.slice(Math.max(at, start), end)))
    at = end
  }
  return withoutCredentials(shown.join('') + text.slice(at))
}

function secretsIn({ key: keyNode, value }: Pair): readonly Range[] {
  const key = isScalar(keyNode) ? String(keyNode.value) : ''
  // A value of fromEnv that is no name of a variable is probably the secret itself.
  if (key === 'fromEnv') return isScalar(value) && !/^\w+$/.test(String(value.value)) ? scalarsIn(value) : []
  const tells = tellsOf(key)
  return tells === 'everything' || (tells === 'text' && !isMap(value)) ? scalarsIn(value) : []
}

interface Range {
  readonly start: number
  readonly end: number
}

function scalarsIn(node: unknown): readonly Range[] {
  if (isSeq(node)) return node.items.flatMap(scalarsIn)
  if (isMap(node)) {
    return node.items
      .filter(({ key }) => !isScalar(key) || !(key.value === 'fromEnv' || references.has(String(key.value))))
      .flatMap(({ value }) => scalarsIn(value))
  }
  if (!isScalar(node) || node.value === null) return []
  const [start, end] = node.range ?? [0, 0]
  return [{ start, end }]
}

/**
 * Like withoutSecrets(), for a text that may be no valid YAML. Everything after a key of a secret counts as secret, up to
 * the next line with a key that is indented no deeper.
 */
export function withoutSecretLines(text: string): string {
  let secretColumn: number | undefined
  const lines = text.split('\n').map(line => {
    const column = keyLine.exec(line)?.[1]?.length
    if (secretColumn !== undefined && (column === undefined || column > secretColumn)) return stars(line)
    const secret = line.matchAll(keyInLine).find(([, name]) => tellsOf(name!) !== 'nothing')
    secretColumn = secret?.index
    if (secret === undefined) return line
    const value = secret.index + secret[0].length
    return line.slice(0, value) + stars(line.slice(value))
  })
  return withoutCredentials(lines.join('\n'))
}

function stars(text: string): string {
  return text.replaceAll(/[^\r\n]/g, '*')
}
