import { endOfValue, hidden, hideInLine, openAfter } from './credential-line.ts'
import { tellsOf } from './credential-names.ts'

// All patterns begin at the beginning of a line, and no part of them begins like the part before it: the time is linear.
const tags = '(?:[&!]\\S*[ \\t]+)*'
const key = new RegExp(`^([ \\t]*(?:-[ \\t]+)*)(["']?)([\\w.-]+)\\2[ \\t]*:(?=[ \\t]|$)[ \\t]*${tags}(.*)$`)
const entryName = new RegExp(
  `^([ \\t]*(?:-[ \\t]+)*)["']?name["']?[ \\t]*[:=][ \\t]*${tags}["']?([\\w.-]+)["']?[ \\t]*(?:,[ \\t]*)?(?:#.*)?$`,
  'i',
)
const entryValue = /^(([ \t]*(?:-[ \t]+)*)["']?value["']?[ \t]*[:=])[ \t]*(.*)$/i
const nothingYet = /^(?:[&!]\S*)?[ \t]*(?:#.*)?$/
const blockBegin = /^[|>][-+0-9]*[ \t]*(?:#.*)?$/
const scalar = /^(["']?)(?:true|false|null|none|~|-?\d+(?:\.\d+)?|)\1[ \t]*(?:,[ \t]*)?(?:#.*)?$/i
// What begins a mapping is no text.
const mapping = /^\s*(?:-[ \t]+)*(?:["']?[\w./-]+["']?[ \t]*:(?:\s|$)|[{}])/
const lastFlag = /^[ \t]*(?:-[ \t]+)?["']?(--?[\w.-]+)["']?,?[ \t]*$/
const item = /^([ \t]*(?:-[ \t]+)?)(["']?)([^-\s"'].*)$/

/** The value of an entry, which may come before its name. */
interface Value {
  /** Where its first line is among those shown. */
  readonly at: number
  readonly column: number
  readonly head: string
}

/** Hides credentials in lines, and those that take several lines: blocks, lists and quoted values of YAML, JSON, TOML and shells. */
export function hideInLines(lines: readonly string[]): readonly string[] {
  const shown: string[] = []
  // Lines that are indented more than this are hidden.
  let hiddenBelow: number | undefined
  // YAML may indent a list as much as its key.
  let listAt: number | undefined
  // In lines that are indented at least as much, the value of an entry is hidden.
  let entryAt: number | undefined
  let value: Value | undefined
  let open: string[] | undefined
  let afterFlag = false
  for (const [at, line] of lines.entries()) {
    if (open !== undefined) {
      const end = endOfValue(line, 0, open)
      const rest = line.slice(end.at)
      open = end.open
      if (open !== undefined || /^[\s,;)}\]]*$/.test(rest)) hide(shown, 0)
      else {
        const more = hideInLine(rest)
        shown.push(`${hidden}${more.shown}`)
        open = closable(more.open, lines, at)
      }
      continue
    }
    const blank = line.trim() === ''
    const indent = line.length - line.trimStart().length
    const dash = line.startsWith('- ', indent) || line.slice(indent) === '-'
    if (hiddenBelow !== undefined && (blank || indent > hiddenBelow || (indent === listAt && dash))) {
      hide(shown, hiddenBelow + 2)
      continue
    }
    hiddenBelow = undefined
    listAt = undefined
    if (!blank && (dash || line.startsWith('[', indent))) {
      entryAt = undefined
      value = undefined
    }
    if (!blank && entryAt !== undefined && indent < entryAt) entryAt = undefined
    if (afterFlag) {
      afterFlag = false
      const [, head, quote] = item.exec(line) ?? []
      if (head !== undefined) {
        shown.push(`${head}${quote}${hidden}`)
        continue
      }
    }
    const valued = entryValue.exec(line)
    if (valued !== null && entryAt !== undefined) {
      shown.push(`${valued[1]} ${hidden}`)
      hiddenBelow = valued[2]!.length
      open = closable(openAfter(valued[3]!), lines, at)
      continue
    }
    const inLine = hideInLine(line)
    shown.push(inLine.shown)
    open = closable(inLine.open, lines, at)
    if (valued !== null) {
      value = { at: shown.length - 1, column: valued[2]!.length, head: valued[1]! }
      continue
    }
    const named = entryName.exec(line)
    if (named !== null && tellsOf(named[2]!) !== 'nothing') {
      entryAt = named[1]!.length
      if (value?.column === entryAt) hideFormer(shown, value)
      value = undefined
    }
    const flag = lastFlag.exec(line)?.[1]
    afterFlag = flag !== undefined && tellsOf(flag) !== 'nothing'
    const [, before = '', , name = '', rest = ''] = key.exec(line) ?? []
    if (name !== '' && goesOn(name, rest, lines, at)) {
      hiddenBelow = before.length
      if (nothingYet.test(rest)) listAt = before.length
    }
  }
  return shown
}

// Whether the value of a key goes on in the lines that are indented more.
function goesOn(name: string, rest: string, lines: readonly string[], at: number): boolean {
  const tells = tellsOf(name)
  if (tells === 'nothing') return false
  if (tells === 'everything') return nothingYet.test(rest) || !scalar.test(rest)
  if (nothingYet.test(rest)) {
    let next = at + 1
    while (next < lines.length && lines[next]!.trim() === '') next++
    return next < lines.length && !mapping.test(lines[next]!)
  }
  return blockBegin.test(rest) || !/^[{[]/.test(rest)
}

// Of a value that nothing closes, only the line is hidden. The last line with each closer is looked for once a text.
const lastWith = new WeakMap<readonly string[], Map<string, number>>()

function closable(open: string[] | undefined, lines: readonly string[], at: number): string[] | undefined {
  if (open === undefined) return undefined
  const [outermost = ''] = open
  const known = lastWith.get(lines) ?? new Map<string, number>()
  lastWith.set(lines, known)
  if (!known.has(outermost))
    known.set(
      outermost,
      lines.findLastIndex(line => line.includes(outermost)),
    )
  return known.get(outermost)! > at ? open : undefined
}

function hideFormer(shown: string[], { at, column, head }: Value): void {
  let end = at + 1
  while (end < shown.length - 1 && shown[end]!.length - shown[end]!.trimStart().length > column) end++
  shown.splice(at, end - at, `${head} ${hidden}`)
}

function hide(shown: string[], indent: number): void {
  if (!shown.at(-1)?.endsWith(hidden)) shown.push(`${' '.repeat(indent)}${hidden}`)
}
