import { Entries } from './credential-entries.ts'
import {
  endOfValue,
  endOfWord,
  endsInBackslash,
  hidden,
  hideInLine,
  type Line,
  openAfter,
  type Reading,
  type ShownLine,
} from './credential-line.ts'
import { isMessage, type Origin } from './credential-messages.ts'
import { isHeader, scheme, type Tells, tellsOf } from './credential-names.ts'
import { beforeValue, judgesOf, type Section, sectionOf } from './credential-sections.ts'

// All patterns begin at the beginning of a line, and no part of them begins like the part before it: the time is linear. None reads to the
// end of the line, for the same reason: what is left is sliced off.
const key = /^([ \t]*(?:-[ \t]+)*)(["']?)([\w.-]+)\2[ \t]*:(?=[ \t]|$)[ \t]*(?:[&!]\S*[ \t]+)*/
const nothingYet = /^(?:[&!]\S*)?[ \t]*(?:#.*)?$/
const blockBegin = /^[|>][-+0-9]*[ \t]*(?:#.*)?$/
const scalar = /^(["']?)(?:true|false|null|none|~|-?\d+(?:\.\d+)?|)\1[ \t]*(?:,[ \t]*)?(?:(?<![^ \t])#.*)?$/i
// What begins a mapping is no text.
const mapping = /^\s*(?:-[ \t]+)*(?:["']?[\w./-]+["']?[ \t]*:(?:\s|$)|[{}])/
const lastFlag = /^[ \t]*(?:-[ \t]+)?["']?(--?[\w.-]+)["']?,?[ \t]*$/
const item = /^([ \t]*(?:-[ \t]+)?)(["']?)[^-\s"']/
// A key of YAML in a line of its own, and the line with its value.
const askedKey = /^[ \t]*(?:-[ \t]+)*\?[ \t]+["']?([\w.-]+)["']?[ \t]*$/
const answer = /^[ \t]*:[ \t]+/

/** Hides credentials in lines, and those that take several lines: blocks, lists and quoted values of YAML, JSON, TOML and shells. */
export function hideInLines(given: readonly Line[], origin: Origin): readonly Line[] {
  const lines = given.map(({ text }) => text)
  const judges = judgesOf(lines)
  const shown: Line[] = []
  const entries = new Entries()
  // Lines that are indented more than this are hidden.
  let hiddenBelow: number | undefined
  // YAML may indent a list as much as its key.
  let listAt: number | undefined
  // Lines that are indented more than this are below `auth` or the like.
  let authAt: number | undefined
  let section: Section = 'plain'
  let open: string[] | undefined
  let goesOn: ShownLine['goesOn']
  let afterFlag = false
  let asked = false
  for (const [at, { text: line, end: ending }] of given.entries()) {
    const judge = judges(at)
    const reading: Reading = { judge, origin }
    const push = (text: string) => shown.push({ text, end: ending })
    // Shows what is before a value, and hides the value with the lines in which it goes on.
    const hideFrom = (head: string, rest: string) => {
      push(head + hidden)
      open = closable(openAfter(rest), lines, at)
    }
    // Nothing stands after the end of the last line.
    if (line === '' && ending === '') {
      push('')
      break
    }
    if (open !== undefined) {
      const end = endOfValue(line, 0, open)
      const rest = line.slice(end.at)
      open = end.open
      if (open !== undefined || /^[\s,;)}\]]*$/.test(rest)) hide(shown, 0, ending)
      else {
        const more = hideInLine(rest, reading)
        push(`${hidden}${more.shown}`)
        open = closable(more.open, lines, at)
      }
      continue
    }
    // Not every program ends a value at such a character.
    if (at > 0 && /[^\n]$/.test(given[at - 1]!.end) && shown.at(-1)!.text.endsWith(hidden)) {
      hide(shown, 0, ending)
      continue
    }
    const blank = line.trim() === ''
    const indent = line.length - line.trimStart().length
    const dash = line.startsWith('- ', indent) || line.slice(indent) === '-'
    if (goesOn !== undefined) {
      const next = nextOf(line, indent, goesOn, reading)
      goesOn = next.goesOn
      push(next.shown)
      open = closable(next.open, lines, at)
      continue
    }
    if (hiddenBelow !== undefined && (blank || indent > hiddenBelow || (indent === listAt && dash))) {
      hide(shown, hiddenBelow + 2, ending)
      continue
    }
    hiddenBelow = undefined
    listAt = undefined
    if (blank) {
      push(line)
      continue
    }
    if (authAt !== undefined && indent <= authAt) authAt = undefined
    const secretValue = entries.begin(line, indent)
    if (afterFlag) {
      afterFlag = false
      const [, head, quote] = item.exec(line) ?? []
      if (head !== undefined) {
        push(`${head}${quote}${hidden}`)
        continue
      }
    }
    if (secretValue !== undefined) {
      hideFrom(`${secretValue.head} `, secretValue.rest)
      hiddenBelow = secretValue.column
      continue
    }
    if (asked) {
      asked = false
      const head = answer.exec(line)?.[0]
      if (head !== undefined) {
        hideFrom(head, line.slice(head.length))
        hiddenBelow = indent
        continue
      }
    }
    section = sectionOf(line) ?? section
    const setting = section === 'plain' ? undefined : beforeValue(line)
    if (setting !== undefined && isSecretIn(section, line.slice(setting.length))) {
      hideFrom(setting, line.slice(setting.length))
      continue
    }
    const [whole = '', before = '', quote = '', name = ''] = key.exec(line) ?? []
    const rest = line.slice(whole.length)
    const message = origin === 'output' && name !== '' && isReason(name, quote, rest)
    if (name !== '' && !message && !nothingYet.test(rest) && !scalar.test(rest) && isSecretText(name, authAt)) {
      hideFrom(whole, rest)
      hiddenBelow = before.length
      continue
    }
    const inLine = hideInLine(entries.shown(line), reading)
    push(inLine.shown)
    open = closable(inLine.open, lines, at)
    goesOn = inLine.goesOn
    entries.end(line, indent, shown)
    const flag = lastFlag.exec(line)?.[1]
    afterFlag = flag !== undefined && tellsOf(flag) !== 'nothing'
    const question = askedKey.exec(line)?.[1]
    asked = question !== undefined && judge(question) !== 'nothing'
    if (name === '' || message) continue
    const tells = isHeader(name) ? 'everything' : judge(name)
    if (continues(tells, rest, lines, at)) {
      hiddenBelow = before.length
      if (nothingYet.test(rest)) listAt = before.length
    } else if (tells === 'text' && (nothingYet.test(rest) || rest.trim() === '{')) authAt = before.length
  }
  return shown
}

// Whether a line begins with what a message is about, and goes on with the message.
function isReason(name: string, quote: string, rest: string): boolean {
  return isMessage({ name, before: '', quoted: quote !== '', index: '', between: ': ', value: rest })
}

// Whether the text after a key is secret although the key by itself does not tell.
function isSecretText(name: string, authAt: number | undefined): boolean {
  return isHeader(name) || (authAt !== undefined && scheme.test(name))
}

function isSecretIn(section: Section, value: string): boolean {
  return value !== '' && (section === 'secret' ? !/^(?:true|false)\b/.test(value) : !scalar.test(value))
}

// The line after one that ends in a backslash within a value.
function nextOf(line: string, indent: number, goesOn: ShownLine['goesOn'], reading: Reading): ShownLine {
  const before = line.slice(0, indent)
  if (goesOn === 'login') {
    const { shown, ...more } = hideInLine(`-u ${line.slice(indent)}`, reading)
    return { shown: before + shown.replace(/^-u /, ''), ...more }
  }
  const end = goesOn === 'line' ? line.length : endOfWord(line, indent)
  if (end === indent) return { shown: line }
  const text = line.slice(indent, end)
  const open = openAfter(text)
  if (open !== undefined) return { shown: before + hidden, open }
  const { shown, ...more } = hideInLine(line.slice(end), reading)
  return { shown: `${before}${hidden}${shown}`, ...more, ...(endsInBackslash(text) ? { goesOn } : {}) }
}

// Whether the value of a key goes on in the lines that are indented more.
function continues(tells: Tells, rest: string, lines: readonly string[], at: number): boolean {
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

// Hidden lines that follow each other are shown as one.
function hide(shown: Line[], indent: number, end: string): void {
  const last = shown.at(-1)
  if (last?.text.endsWith(hidden) === true) shown[shown.length - 1] = { ...last, end }
  else shown.push({ text: `${' '.repeat(indent)}${hidden}`, end })
}
