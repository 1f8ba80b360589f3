import { type Document, LineCounter, parseDocument } from 'yaml'
import { standsForTooMuch } from '../../config/yaml-aliases.ts'
import { repeatedKeys } from '../../config/yaml-keys.ts'
import { nestedTooDeeplyAt } from '../../core/yaml-depth.ts'

/** kubectl writes no anchors; a person may, for some dozens of clusters. */
const mostNames = 4_000

/**
 * A kubeconfig as YAML, also of a host: it takes time that grows as the text does. kubectl knows merge keys (<<), too.
 * Raises an Error, in words, for what kubectl could not read either, for aliases that stand for far more than there is, and
 * for lists and mappings nested too deeply.
 */
export function parseKubeconfig(text: string): Document.Parsed {
  const deep = nestedTooDeeplyAt(text)
  if (deep !== undefined) {
    const lines = text.slice(0, deep).split('\n')
    throw new Error(`Nested too deeply to be read at line ${lines.length}, column ${lines.at(-1)!.length + 1}`)
  }
  const lineCounter = new LineCounter()
  const document = parse(text, lineCounter)
  const [error] = document.errors
  const [repeated] = error === undefined ? repeatedKeys(document) : []
  const at = error?.pos[0] ?? repeated?.[0]
  if (at !== undefined) {
    const { line, col } = lineCounter.linePos(at)
    throw new Error(`${error?.message ?? 'Map keys must be unique'} at line ${line}, column ${col}`)
  }
  if (standsForTooMuch(document, mostNames)) throw new Error('its aliases stand for too much')
  return document
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // yaml compares each key with each, and words each error by counting lines from the beginning.
    return parseDocument(text, { lineCounter, merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  } catch {
    // It words what is wrong with a text, and throws only where it has a mistake itself.
    throw new Error('YAML that cannot be read')
  }
}

/** Its values, with those of aliases. parseKubeconfig() has looked at how much these stand for; yaml would count for each. */
export function valuesOf(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: -1 })
}
