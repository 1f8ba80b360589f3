import { type Document, LineCounter, parseDocument } from 'yaml'
import { repeatedKeys, standsForTooMuch } from '../config/repeated.ts'

/** kubectl writes no anchors; a person may, for some dozens of clusters. */
const mostNames = 4_000

/**
 * A kubeconfig as YAML, also of a host: it takes time that grows as the text does. kubectl knows merge keys (<<), too.
 * Raises an Error, in words, for what kubectl could not read either, and for aliases that stand for far more than there is.
 */
export function parseKubeconfig(text: string): Document.Parsed {
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
    // Lists in lists without end use up the stack.
    throw new Error('YAML that cannot be read')
  }
}

/** Its values, with those of aliases. parseKubeconfig() has looked at how much these stand for; yaml would count for each. */
export function valuesOf(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: -1 })
}
