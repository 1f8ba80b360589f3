import { type Document, isMap, isScalar, isSeq, type Pair, visit } from 'yaml'

// Secrets that were written into the file against the rules must not get into logs by way of an error's excerpt.

const secretKey = /pas+(?:word|phrase|wd)?$|secret|token|credential|private_?key$/i
const secretInLine = /(?:pas+(?:word|phrase|wd)?|secret|token|credential|private_?key)s?["']?[ \t]*:[ \t]*/i
const keyLine = /^([ \t]*(?:-[ \t]+)*)[^\s:#,{}[\]-][^\s:#,{}[\]]*:(?:\s|$)/
// Keys below one of those that say where the secret is.
const references = new Set(['fromFile', 'prompt'])

// `user:password@` of a URL, and also where there is no scheme before it, or a slash in the password.
const credentials =
  /(?<=\w:\/\/)[^\s/?#'"]*(?=@)|(?<![^\s'"/:@[\]{},])[^\s'"/:@[\]{},]+:(?!\/\/|\d+[/?#,])[^\s'"@]{1,200}(?=@(?!sha\d+:))/g

// What follows the question mark of a URL, where tokens and signatures stand.
// From the last `://` before it: from each of many, a long text would be read again and again.
const query = /(\w:\/\/(?:(?!:\/\/)[^\s?"']){0,2000}\?)([^\s"']+)/g

/** The text with every `user:password@`, and every query of a URL, in it as stars. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(credentials, stars).replaceAll(query, (_, url: string, asked: string) => url + stars(asked))
}

/**
 * The text with secrets as stars, also those under keys that evcctl does not know (`sudo_password`, `token`); every other
 * character stays where it is.
 */
export function withoutSecrets(text: string, document: Document): string {
  const secrets: Range[] = []
  visit(document, {
    Pair(_, pair) {
      // Not secrets.push(...): a list may be longer than a call can have arguments.
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
  // What stands after fromEnv and is no name of a variable is probably the secret itself.
  if (key === 'fromEnv') return isScalar(value) && !/^\w+$/.test(String(value.value)) ? scalarsIn(value) : []
  return secretKey.test(key) ? scalarsIn(value) : []
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
 * The same for a text that is no valid YAML: whatever follows such a key is taken to be secret, up to the next line with
 * a key that is indented no deeper.
 */
export function withoutSecretLines(text: string): string {
  let secretColumn: number | undefined
  const lines = text.split('\n').map(line => {
    const column = keyLine.exec(line)?.[1]?.length
    if (secretColumn !== undefined && (column === undefined || column > secretColumn)) return stars(line)
    const secret = secretInLine.exec(line)
    secretColumn = secret === null ? undefined : startOfWord(line, secret.index)
    if (secret === null) return line
    const value = secret.index + secret[0].length
    return line.slice(0, value) + stars(line.slice(value))
  })
  return withoutCredentials(lines.join('\n'))
}

// Of `sudo_password`, where `sudo` begins.
function startOfWord(line: string, index: number): number {
  let start = index
  while (start > 0 && /[\w-]/.test(line[start - 1]!)) start--
  return start
}

function stars(text: string): string {
  return text.replaceAll(/[^\r\n]/g, '*')
}
