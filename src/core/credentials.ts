import { hidden, hideCredentialBlocks, longestLine, secretName, telling, value } from './credential-blocks.ts'
import type { Change, FieldChange } from './resource.ts'
import { boundedFields } from './shown.ts'

const setting = new RegExp(String.raw`(^|[\s{,"'=])((["']?)(?:${secretName})\3[ \t]*[:=][ \t]*)(?:${value})`, 'gi')
const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END|$)/g
// The password may contain a slash or an @, although no valid URL does. A port before the path of an image is no password.
const userInfo = /(:\/\/)(?:[^\s/"']+|[^\s/@:"']+:(?!\d+\/)[^\s@"']+)@/g
const flag = new RegExp(String.raw`(--(?:${secretName})[ \t]+)(?!-)\S+`, 'gi')
// A line of netrc.
const login = /^([ \t]*(?:machine|default|login|password)\b.*?\bpassword[ \t]+|[ \t]*password[ \t]+)[^\s:=]\S*/
// An environment variable of a container, as YAML or JSON in one line.
const entry = new RegExp(
  String.raw`(["']?\bname["']?[ \t]*:[ \t]*["']?(?:${secretName})["']?[ \t]*,[ \t]*["']?value["']?[ \t]*:[ \t]*)[^,}\n]+`,
  'gi',
)

// A hostile host could send texts on which the patterns take very long.
const longestText = 256 * 1024

/**
 * Returns a text of a host with its passwords hidden, as far as they can be recognised: values of settings, flags and environment variables
 * with telling names, private keys, and credentials in URLs. Plans use it to show the content that they would replace.
 */
export function hideCredentials(text: string): string {
  if (text.length > longestText) return `(${text.length} characters that are not shown)`
  const lines = text.replace(privateKey, `$1\n${hidden}\n$2`).split('\n')
  return hideCredentialBlocks(lines).map(hideInLine).join('\n')
}

function hideInLine(line: string): string {
  // This quick test passes nearly all lines. The pattern for settings is much slower, and there may be a thousand hosts.
  if (!telling.test(line) && !line.includes('://')) return line
  if (line.length > longestLine) return hidden
  return line
    .replace(userInfo, `$1${hidden}@`)
    .replace(entry, `$1${hidden}`)
    .replace(setting, `$1$2${hidden}`)
    .replace(flag, `$1${hidden}`)
    .replace(login, `$1${hidden}`)
}

const settingName = new RegExp(`^(?:${secretName})$`, 'i')

/**
 * Removes passwords from the value of one setting, which is known by its dotted path. An element of a list has the name of the list, and
 * whatever is in a header of HTTP may be one.
 */
export function hideCredential(path: string, text: string): string {
  const names = path.split(/[.[\]]+/).filter(name => !/^\d*$/.test(name))
  const isSecret = settingName.test(names.at(-1) ?? '') || names.slice(0, -1).some(name => /^headers?$/i.test(name))
  return isSecret && text !== '' ? hidden : hideCredentials(text)
}

/** A change in a form that may be shown: without credentials in its note or on either side of a field, and with a bounded number of fields. */
export function withoutCredentials(change: Change): Change {
  const { note } = change
  const fields = boundedFields(change.fields).map(hideInField)
  return { ...change, fields, ...(note === undefined ? {} : { note: hideCredentials(note) }) }
}

function hideInField(change: FieldChange): FieldChange {
  const { field, before, after } = change
  return {
    ...change,
    ...(typeof before === 'string' ? { before: hideCredential(field, before) } : {}),
    ...(typeof after === 'string' ? { after: hideCredential(field, after) } : {}),
  }
}
