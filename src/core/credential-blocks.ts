/** Plans show this in place of a credential. */
export const hidden = '<hidden>'

/** Names of settings that hold passwords and keys, in the files of runtimes, registries, proxies and Kubernetes. */
export const secretName = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|authorization|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key)[\w.-]*|(?:basic_?)?auth`

/** A credential is text. So true, false, null, numbers, empty values and the beginnings of blocks stay visible. */
export const value = String.raw`"(?:[^"\\\n]|\\.)+"|'[^'\n]+'|\[[^\]\n]+\]|(?!true\b|false\b|null\b|\d+\b|["'\[{|>#&!]|$)[^\s#][^\n]*|[&!]\S+[ \t]+[^\s|>#][^\n]*`

/** A quick test: a line that does not match it names no credential. */
export const telling = /passw|passphrase|secret|token|auth|credential|key/i

/** The length of a line from which on it is hidden as a whole: on very long ones, the patterns could take very long. */
export const longestLine = 500

const name = `["']?(?:${secretName})["']?`
// A blank ends each of them: where it may be missing, a line of 70 characters takes seconds, and twice as long for each tag more.
const tags = String.raw`(?:[&!]\S+[ \t]+)*`
const block = '[|>][-+0-9]*'
const end = String.raw`[ \t]*(?:#.*)?$`
const before = String.raw`^([ \t]*(?:- +)*)`
const blockBegin = new RegExp(`${before}${name}[ \\t]*:[ \\t]*${tags}${block}${end}`, 'i')
const valueBelow = new RegExp(`${before}${name}[ \\t]*:[ \\t]*${tags}(?:[&!]\\S+)?${end}`, 'i')
const tomlBegin = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*("""|''')`, 'i')
const secretEntry = new RegExp(`${before}["']?name["']?[ \\t]*:[ \\t]*${name}[ \\t]*,?${end}`, 'i')
const entryValue = /^([ \t]*(?:- +)*["']?value["']?[ \t]*:)/
// What begins a mapping or a list is no text.
const structure = /^\s*(?:- |-$|["']?[\w./-]+["']?[ \t]*:(?:\s|$)|[{}\]])/

/** Hides credentials that take several lines: blocks of YAML and TOML with telling names, and values of entries with such names. */
export function hideCredentialBlocks(lines: readonly string[]): readonly string[] {
  const shown: string[] = []
  // Lines that are indented more than this are hidden.
  let hiddenBelow: number | undefined
  // In lines that are indented at least as much, the value of an entry is hidden.
  let entryAt: number | undefined
  let closing: string | undefined
  for (const [at, line] of lines.entries()) {
    if (closing !== undefined) {
      hide(shown, 0)
      if (line.includes(closing)) closing = undefined
      continue
    }
    const indent = line.length - line.trimStart().length
    if (hiddenBelow !== undefined && (line.trim() === '' || indent > hiddenBelow)) {
      hide(shown, hiddenBelow + 2)
      continue
    }
    hiddenBelow = undefined
    if (entryAt !== undefined && line.trim() !== '' && (indent < entryAt || line.trimStart().startsWith('- ')))
      entryAt = undefined
    const [head] = entryAt === undefined ? [] : (entryValue.exec(line) ?? [])
    if (head !== undefined) {
      shown.push(`${head} ${hidden}`)
      hiddenBelow = indent
      continue
    }
    shown.push(line)
    if (line.length > longestLine || !telling.test(line)) continue
    const found = blockBegin.exec(line) ?? (isText(lines[at + 1]) ? valueBelow.exec(line) : null)
    if (found !== null) hiddenBelow = found[1]!.length
    const toml = tomlBegin.exec(line)
    if (toml !== null && !line.slice(toml[0].length).includes(toml[1]!)) {
      shown[shown.length - 1] = `${toml[0].slice(0, -3)}${hidden}`
      closing = toml[1]
    }
    const named = secretEntry.exec(line)
    if (named !== null) {
      entryAt = named[1]!.length
      hideValueBefore(shown, line)
    }
  }
  return shown
}

// The value of an entry may come right before its name.
function hideValueBefore(shown: string[], line: string): void {
  const former = shown.at(-2)
  if (former === undefined || line.trimStart().startsWith('- ')) return
  const [head] = entryValue.exec(former) ?? []
  if (head !== undefined) shown[shown.length - 2] = `${head} ${hidden}`
}

function isText(line: string | undefined): boolean {
  return line !== undefined && line.trim() !== '' && !structure.test(line)
}

function hide(shown: string[], indent: number): void {
  if (shown.at(-1)?.trim() !== hidden && !shown.at(-1)?.endsWith(` ${hidden}`))
    shown.push(`${' '.repeat(indent)}${hidden}`)
}
