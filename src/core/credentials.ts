import type { Change, FieldChange } from './resource.ts'
import { boundedFields } from './shown.ts'

/** Stands for what is not shown. */
const hidden = '<hidden>'

// Names of settings that hold passwords and keys, in the files of runtimes, registries, proxies and Kubernetes.
const secretName = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|authorization|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key)[\w.-]*|(?:basic_?)?auth`
// Only text can be one: true, 0, an empty value or what opens a block is not.
const value = String.raw`"(?:[^"\\\n]|\\.)+"|'[^'\n]+'|\[[^\]\n]+\]|(?!true\b|false\b|null\b|\d+\b|["'\[{|>#]|$)[^\s#][^\n]*`
const setting = new RegExp(String.raw`(^|[\s{,])((["']?)(?:${secretName})\3[ \t]*[:=][ \t]*)(?:${value})`, 'gi')
const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END|$)/g
// Also with a slash in the password, which makes it no URL; a port before the path of an image is no password.
const userInfo = /(:\/\/)(?:[^\s/@"']+|[^\s/@:"']+:(?!\d+\/)[^\s@"']+)@/g

const telling = /passw|passphrase|secret|token|auth|credential|key/i

// Texts of hosts may be made to keep a pattern busy.
const longestLine = 500
const longestText = 256 * 1024

/**
 * A text of a host without the passwords in it, as far as they can be told: values of settings with telling names, private
 * keys, and credentials in URLs. For plans, which show what is there before it is replaced.
 */
export function hideCredentials(text: string): string {
  if (text.length > longestText) return `(${text.length} characters that are not shown)`
  return text.replace(privateKey, `$1\n${hidden}\n$2`).split('\n').map(hideInLine).join('\n')
}

function hideInLine(line: string): string {
  // Nearly all lines, of a thousand hosts: the pattern for settings is much slower.
  if (!telling.test(line) && !line.includes('://')) return line
  if (line.length > longestLine) return hidden
  return line.replace(userInfo, `$1${hidden}@`).replace(setting, `$1$2${hidden}`)
}

/** Removes passwords from the value of one setting, which is known by its dotted path. */
export function hideCredential(path: string, text: string): string {
  const name = path.split('.').at(-1) ?? ''
  return new RegExp(`^(?:${secretName})$`, 'i').test(name) && text !== '' ? hidden : hideCredentials(text)
}

/** A change as it may be told: both sides of each field without credentials, and no more fields than are told. */
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
