import { type Document, LineCounter, parseDocument } from 'yaml'
import { standsForTooMuch } from '../../config/yaml-aliases.ts'
import { repeatedKeys } from '../../config/yaml-keys.ts'
import { nestedTooDeeplyAt } from '../../core/yaml-depth.ts'

/** kubectl writes no anchors. A person may write some, for a few dozen clusters. */
const mostNames = 4_000

/**
 * Parses a kubeconfig, which may come from a host that nobody trusts, in time linear in its length. Merge keys (<<) are
 * supported, as in kubectl. Raises an Error with a text for people if kubectl could not read the file either, if aliases
 * would expand it far beyond its size, or if lists and mappings are nested too deeply.
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
    // uniqueKeys would compare every pair of keys, and prettyErrors would count lines from the beginning for each error.
    return parseDocument(text, { lineCounter, merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  } catch {
    // The library reports errors in a text as values. It throws only because of a bug of its own.
    throw new Error('YAML that cannot be read')
  }
}

/** The values of a document, aliases resolved. It needs no limit of aliases: parseKubeconfig() has checked how far they expand. */
export function valuesOf(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: -1 })
}
