import type { Change, FieldChange } from './resource.ts'
import { boundedFields } from './shown.ts'

/** Plans show this in place of a credential. */
const hidden = '<hidden>'

// Names of settings that hold passwords and keys, in the files of runtimes, registries, proxies and Kubernetes.
const secretName = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|authorization|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key)[\w.-]*|(?:basic_?)?auth`
// A credential is text. So true, false, null, numbers, empty values and the beginnings of blocks stay visible.
const value = String.raw`"(?:[^"\\\n]|\\.)+"|'[^'\n]+'|\[[^\]\n]+\]|(?!true\b|false\b|null\b|\d+\b|["'\[{|>#]|$)[^\s#][^\n]*`
const setting = new RegExp(String.raw`(^|[\s{,"'])((["']?)(?:${secretName})\3[ \t]*[:=][ \t]*)(?:${value})`, 'gi')
const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END|$)/g
// The password may contain a slash, although no valid URL does. A port before the path of an image is no password.
const userInfo = /(:\/\/)(?:[^\s/@"']+|[^\s/@:"']+:(?!\d+\/)[^\s@"']+)@/g

const telling = /passw|passphrase|secret|token|auth|credential|key/i

// A hostile host could send texts on which the patterns take very long.
const longestLine = 500
const longestText = 256 * 1024

/**
 * Returns a text of a host with its passwords hidden, as far as they can be recognised: values of settings with telling names,
 * private keys, and credentials in URLs. Plans use it to show the content that they would replace.
 */
export function hideCredentials(text: string): string {
  if (text.length > longestText) return `(${text.length} characters that are not shown)`
  const lines = text.replace(privateKey, `$1\n${hidden}\n$2`).split('\n')
  return hideBlocks(lines.map((line, at) => hideInLine(hideValueOf(lines[at - 1] ?? '', line)))).join('\n')
}

const entryName = new RegExp(String.raw`^[\s-]*name:[ \t]*["']?(?:${secretName})["']?[ \t]*$`, 'i')
const entryValue = /^([\s-]*value:[ \t]*)[^\s{[].*$/

// An entry of YAML with its name in the line before, as environment variables of containers have.
function hideValueOf(before: string, line: string): string {
  if (before.length > longestLine || !telling.test(before) || !entryName.test(before)) return line
  return line.replace(entryValue, `$1${hidden}`)
}

const blockBegin = new RegExp(String.raw`^([ \t]*)(?:- )?["']?(?:${secretName})["']?:[ \t]*[|>][-+0-9]*[ \t]*$`, 'i')

// The text of a YAML block with a telling name: all lines that are indented more.
function hideBlocks(lines: readonly string[]): readonly string[] {
  const shown: string[] = []
  let inside: number | undefined
  for (const line of lines) {
    const indent = line.length - line.trimStart().length
    if (inside !== undefined && (line.trim() === '' || indent > inside)) {
      if (shown.at(-1)?.trim() !== hidden) shown.push(`${' '.repeat(inside + 2)}${hidden}`)
      continue
    }
    inside = undefined
    shown.push(line)
    const begin = line.length > longestLine || !telling.test(line) ? null : blockBegin.exec(line)
    if (begin !== null) inside = begin[1]!.length
  }
  return shown
}

function hideInLine(line: string): string {
  // This quick test passes nearly all lines. The pattern for settings is much slower, and there may be a thousand hosts.
  if (!telling.test(line) && !line.includes('://')) return line
  if (line.length > longestLine) return hidden
  return line.replace(userInfo, `$1${hidden}@`).replace(setting, `$1$2${hidden}`)
}

/** Removes passwords from the value of one setting, which is known by its dotted path. */
export function hideCredential(path: string, text: string): string {
  const name = path.split('.').at(-1) ?? ''
  return new RegExp(`^(?:${secretName})$`, 'i').test(name) && text !== '' ? hidden : hideCredentials(text)
}

/** A change in a form that may be shown: without credentials on either side of a field, and with a bounded number of fields. */
export function withoutCredentials(change: Change): Change {
  return { ...change, fields: boundedFields(change.fields).map(hideInField) }
}

function hideInField(change: FieldChange): FieldChange {
  const { field, before, after } = change
  return {
    ...change,
    ...(typeof before === 'string' ? { before: hideCredential(field, before) } : {}),
    ...(typeof after === 'string' ? { after: hideCredential(field, after) } : {}),
  }
}
