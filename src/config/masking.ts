import { type Document, isScalar, visit } from 'yaml'

// Secrets that were written into the file against the rules must not get into logs by way of an error's excerpt.

const secretKeys = new Set(['password', 'sudoPassword', 'passphrase'])
const secretLine = /(?<=\b(?:password|sudoPassword|passphrase)["']?\s*:[ \t]*)\S[^\r\n]*/g

/** The text with secrets as stars; every other character stays where it is. */
export function withoutSecrets(text: string, document: Document): string {
  let shown = text
  visit(document, {
    Pair(_, { key: keyNode, value }) {
      const key = isScalar(keyNode) ? String(keyNode.value) : ''
      if (!isScalar(value) || value.value === null) return
      // What stands after fromEnv and is no name of a variable is probably the secret itself.
      if (!secretKeys.has(key) && (key !== 'fromEnv' || /^\w+$/.test(String(value.value)))) return
      const [start, end] = value.range ?? [0, 0]
      shown = shown.slice(0, start) + stars(shown.slice(start, end)) + shown.slice(end)
    },
  })
  return shown
}

/** The same for a text that is no valid YAML: whatever follows such a key in its line is taken to be secret. */
export function withoutSecretLines(text: string): string {
  return text.replaceAll(secretLine, stars)
}

function stars(text: string): string {
  return text.replaceAll(/[^\r\n]/g, '*')
}
