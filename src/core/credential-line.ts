import { isMessage, lookedAt, type Origin } from './credential-messages.ts'
import { hideInUrls, hidesNumbers, isHeader, scheme, type Tells, tellsOf } from './credential-names.ts'

/*
 * Hides credentials in one line. Names are found by one pattern that starts at the beginning of words only, and values are read
 * character by character, so that the time grows with the length of the line, whatever is in it.
 */

/** Plans show this in place of a credential. */
export const hidden = '<hidden>'

/** A line of a text, and what ends it. */
export interface Line {
  readonly text: string
  readonly end: string
}

/** A line in which credentials are hidden. */
export interface ShownLine {
  readonly shown: string
  /** What closes the value that goes on in the next line. */
  readonly open?: string[]
  /** After a backslash at the end: the next line begins with the rest of a secret word or line, or with what may be a login. */
  readonly goesOn?: 'word' | 'line' | 'login'
}

// A quick test: a line that does not match it names no credential, and nearly all lines do not.
const suspicious =
  /pas|secret|token|auth|credential|key|cookie|header|pwd|psk|@|\?|(?<![^\s"'])(?:-[0-9fsSLkvigIjJnNqRlaBMOGZ#]{0,20}u|--user|--proxy-user)/i
/**
 * From this length on, a line with a telling name and a value is hidden as a whole: nobody reads it, and it may have forms that are not
 * known here.
 */
const longestLine = 500

// A word, the quote that may end it, and what stands between it and its value: an equal sign, a colon, blanks, a comma between texts.
// After the quote there may be the end or the whole of a key in brackets or quotes: `a[password]=`, `passwords["a"] =`, `passwords."a" =`.
const word =
  /(?<![\w.-])([\w.-]+)((?:\\*["'])?)((?:\]|\[["']?[\w./@-]{1,100}["']?\]|"[\w./@-]{1,100}")?)([ \t]*(?::=|=>|[:=])[ \t]*|[ \t]*,[ \t]*|[ \t]+)/g
// A value has one tag and one anchor. Their length is bounded, because a line may have many names before one long tag.
const tags = /(?:[&!]\S{0,200}(?:[ \t]+|$)){0,2}/y
const noSecret =
  /(?:(["']?)(?:true|false|null|none|~)\1|(?:""|'')(?!["']))(?=[ \t]*(?:[;})\]"']|,(?![\w~-])|(?<=[ \t])#|$))/iy
const number = /(["']?)-?\d+(?:\.\d+)?\1(?=[ \t]*(?:[,;})\]"'#]|$))/y
const block = /[|>][-+0-9]*[ \t]*(?:#|$)/y
const empty = /\[[ \t]*\]|\{[ \t]*\}/y
// A line of netrc.
const netrc = /^([ \t]*(?:machine|default|login|password)\b.*?\bpassword[ \t]+|[ \t]*password[ \t]+)[^\s:=]\S*/
// A message may begin with `password`, but not with all of these.
const netrcLine = /^([ \t]*(?:machine|default|login)\b.*?\bpassword[ \t]+)[^\s:=]\S*/
// Logins of curl.
const user = /(?<![^\s"'])(?:-[0-9fsSLkvigIjJnNqRlaBMOGZ#]{0,20}[uU]|--(?:proxy-)?user)["']?[ \t]*[,=]?[ \t]*/g
// A line of the secrets of IPsec.
const ipsec = /(:[ \t]*PSK[ \t]+)\S.*/
// An environment variable of a container in one line, in either order.
const named = /\bname["']?[ \t]*[:=][ \t]*["']?([\w.-]+)/
const valued = /\bvalue["']?[ \t]*[:=][ \t]*/g

/** What is known of the text in which a line is. */
export interface Reading {
  /** Tells of each name what it tells of its value. */
  readonly judge: (name: string) => Tells
  readonly origin: Origin
}

/** Whether a text may have a credential. */
export function isSuspicious(text: string): boolean {
  return suspicious.test(text)
}

/** Hides the credentials of a line, as far as they can be recognised. */
export function hideInLine(line: string, reading: Reading): ShownLine {
  if (reading.judge === tellsOf && !suspicious.test(line)) return { shown: line }
  const plain = line
    .replace(reading.origin === 'content' ? netrc : netrcLine, `$1${hidden}`)
    .replace(ipsec, `$1${hidden}`)
  const logins = hideLogins(plain)
  const settings = hideSettings(hideEntries(logins.shown), reading)
  // URLs come last, because a password may look like a login before an @.
  const shown = hideInUrls(settings.shown, () => hidden)
  return { ...logins, ...settings, shown: line.length <= longestLine || settings.shown === line ? shown : hidden }
}

function hideSettings(line: string, { judge, origin }: Reading): ShownLine {
  const parts: string[] = []
  let at = 0
  let open: string[] | undefined
  let goesOn: ShownLine['goesOn']
  // Up to here, a line is in the mapping of a login: `auth: {`.
  let authUntil = 0
  word.lastIndex = 0
  for (let found = word.exec(line); found !== null; found = word.exec(line)) {
    const [all, owner = '', quote = '', inner = '', between = ''] = found
    const begin = found.index + all.length
    const sets = /[:=]/.test(between)
    // Of a flag, the value is the next word.
    const flag = owner.startsWith('-') && inner === '' && line[begin] !== '-'
    if (!sets && !flag) continue
    const name = [inner.replace(/["'[\]]/g, ''), owner].find(part => part !== '' && judge(part) !== 'nothing') ?? owner
    const told = isHeader(name) && /[[{]/.test(line[begin] ?? '') ? 'everything' : judge(name)
    const tells = told === 'nothing' && begin < authUntil && scheme.test(name) ? 'text' : told
    if (tells === 'nothing') continue
    if (tells === 'text' && line[begin] === '{' && begin >= authUntil) {
      const end = line.indexOf('}', begin)
      authUntil = end < 0 ? line.length : end
    }
    const outer = quote === '' ? /\\*["']$/.exec(line.slice(Math.max(0, found.index - 3), found.index))?.[0] : undefined
    if (origin === 'output' && sets) {
      const [value = ''] = outer === undefined ? [near(line, begin)] : near(line, begin).split(outer, 1)
      const before = line.slice(Math.max(0, found.index - lookedAt), found.index)
      if (isMessage({ name: owner, before, quoted: quote !== '', index: inner, between, value })) continue
    }
    const end = sets
      ? endOfSetting(line, { begin, name, tells, colon: between.includes(':'), outer, before: line[found.index - 1] })
      : { at: endOfWord(line, begin) }
    if (end === undefined || end.at === begin) continue
    parts.push(line.slice(at, begin), hidden, end.quote ?? '')
    at = end.at
    word.lastIndex = at
    open = end.open
    if (open !== undefined) break
    if (at >= line.length && endsInBackslash(line.slice(begin))) goesOn = flag || name.startsWith('-') ? 'word' : 'line'
  }
  const shown = at === 0 ? line : parts.join('') + line.slice(at)
  return { shown, ...(open === undefined ? {} : { open }), ...(goesOn === undefined ? {} : { goesOn }) }
}

function near(line: string, begin: number): string {
  return line.slice(begin, begin + lookedAt)
}

/** Whether a value goes on in the next line, because a backslash is all that is left of it, or follows it without a blank. */
export function endsInBackslash(value: string): boolean {
  let at = value.length
  while (value[at - 1] === '\\') at--
  return (value.length - at) % 2 === 1 && (at === 0 || !/\s/.test(value[at - 1]!))
}

interface Setting {
  readonly begin: number
  readonly name: string
  readonly tells: 'text' | 'everything'
  readonly colon: boolean
  /** The quote right before the name, which then ends the value: `"TOKEN=abc"`. */
  readonly outer: string | undefined
  /** The character before the name. */
  readonly before: string | undefined
}

interface End {
  readonly at: number
  readonly open?: string[]
  /** The quote before the name, which ended the value and is shown. */
  readonly quote?: string
}

// Undefined: the value is no secret, or begins in the next line only.
function endOfSetting(line: string, { begin, name, tells, colon, outer, before }: Setting): End | undefined {
  // What is hidden already ends there, so that a text may be searched again. It may be the first part of a value only, which looked
  // like a login.
  const after = begin + hidden.length
  if (line.startsWith(hidden, begin) && /^[\s"',;)}\]]?$/.test(line.slice(after, after + 1))) return { at: after }
  const from = colon ? begin + (matchAt(tags, line, begin)?.length ?? 0) : begin
  if (from >= line.length || matchAt(noSecret, line, from) !== undefined || matchAt(empty, line, from) !== undefined)
    return undefined
  if (matchAt(number, line, from) !== undefined && !hidesNumbers(name)) return undefined
  if (colon && (matchAt(block, line, from) !== undefined || (line[from] === '#' && /\s/.test(line[from - 1]!))))
    return undefined
  if (before === '?' || before === '&') return { at: from + /^[^\s&"'#]*/.exec(line.slice(from))![0].length }
  const escaped = /^\\+["']/.exec(line.slice(from, from + 9))?.[0] ?? (outer?.startsWith('\\') ? outer : undefined)
  if (escaped !== undefined) {
    const end = line.indexOf(escaped, line.startsWith(escaped, from) ? from + escaped.length : from)
    return { at: end < 0 ? line.length : end + (outer === undefined ? escaped.length : 0) }
  }
  if (outer !== undefined) {
    const end = closed(line, from, outer)
    return end.open === undefined ? { ...end, quote: outer } : end
  }
  if (line[from] === '{' && tells === 'text') return undefined
  const opener = openerAt(line, from)
  if (opener !== undefined) return closed(line, from + opener.length, closerOf[opener])
  return { at: name.startsWith('-') && !colon ? endOfWord(line, from) : line.length }
}

const closerOf = { '"""': '"""', "'''": "'''", '"': '"', "'": "'", '[': ']', '{': '}' } as const
const openers = Object.keys(closerOf) as (keyof typeof closerOf)[]

function openerAt(line: string, at: number): keyof typeof closerOf | undefined {
  return openers.find(opener => line.startsWith(opener, at))
}

/** What closes a value in quotes or brackets that begins at the beginning of the text and goes on in the next line; undefined: it does not. */
export function openAfter(value: string): string[] | undefined {
  const opener = openerAt(value, 0)
  return opener === undefined ? undefined : endOfValue(value, opener.length, [closerOf[opener]]).open
}

function closed(line: string, from: number, closer: string): End {
  const { at, open } = endOfValue(line, from, [closer])
  if (open !== undefined) return { at, open }
  // A shell joins texts without a blank between them.
  return { at: /[\s,;)}\]:]/.test(line[at] ?? ' ') ? at : endOfWord(line, at) }
}

/**
 * Finds the end of a value in quotes or brackets. `closers` close what is open, the last one first; they change while the value is read.
 * `open`: those that are left at the end of the line.
 */
export function endOfValue(line: string, from: number, closers: string[]): End {
  for (let at = from; at < line.length; at++) {
    const character = line[at]!
    const closer = closers.at(-1)!
    if (character === '\\' && closer[0] === '"') at++
    else if (line.startsWith(closer, at)) {
      closers.pop()
      at += closer.length - 1
      if (closers.length === 0) return { at: at + 1 }
    } else if (closer[0] === '"' || closer[0] === "'") continue
    else if (character === '[' || character === '{') closers.push(closerOf[character])
    else if ((character === '"' || character === "'") && /[\s[{,:=]/.test(line[at - 1] ?? ' ')) closers.push(character)
  }
  return { at: line.length, open: closers }
}

/** The end of a word as a shell has it. */
export function endOfWord(line: string, from: number): number {
  let quote: string | undefined
  for (let at = from; at < line.length; at++) {
    const character = line[at]!
    if (character === '\\' && quote !== "'") at++
    else if (quote !== undefined) quote = character === quote ? undefined : quote
    else if (character === '"' || character === "'") quote = character
    else if (/\s/.test(character)) return at
  }
  return line.length
}

// Programs that log in with `-u`, and programs that have another use for it: `sort -u`.
const client = /\b(?:curl|wget|https?|xh)\b/
const other =
  /\b(?:sort|uniq|date|touch|chown|install|id|ps|docker|podman|nerdctl|kubectl|journalctl|systemctl|sudo|env|set)\b/

function hideLogins(line: string): ShownLine {
  const [login, noLogin] = [client, other].map(programs => programs.exec(line)?.index ?? line.length) as [
    number,
    number,
  ]
  const parts: string[] = []
  let at = 0
  let goesOn: ShownLine['goesOn']
  user.lastIndex = 0
  for (let found = user.exec(line); found !== null; found = user.exec(line)) {
    const begin = found.index + found[0].length
    const end = endOfWord(line, begin)
    const given = line.slice(begin, end)
    user.lastIndex = end
    if (/^-[^-]/.test(found[0]) && noLogin < found.index && login > found.index) continue
    if (given === '\\') goesOn = 'login'
    // A user and a group by their numbers are no login.
    if (!given.includes(':') || /^["']?\d+:\d+["']?$/.test(given)) continue
    parts.push(line.slice(at, begin), hidden)
    at = end
  }
  const shown = at === 0 ? line : parts.join('') + line.slice(at)
  return goesOn === undefined ? { shown } : { shown, goesOn }
}

// Which name belongs to which value is not told apart: of a line with a telling name, all values are hidden.
function hideEntries(line: string): string {
  return /[{,]/.test(line) && namesIn(line).some(name => tellsOf(name) !== 'nothing') ? hideValues(line) : line
}

/** Hides the values of all entries in a line. */
export function hideValues(line: string): string {
  const parts: string[] = []
  let at = 0
  valued.lastIndex = 0
  for (let found = valued.exec(line); found !== null; found = valued.exec(line)) {
    const begin = found.index + found[0].length
    const opener = openerAt(line, begin)
    const end =
      opener === undefined
        ? begin + /^[^,}]*/.exec(line.slice(begin))![0].length
        : endOfValue(line, begin + opener.length, [closerOf[opener]]).at
    parts.push(line.slice(at, begin), hidden)
    at = end
    valued.lastIndex = end
  }
  return at === 0 ? line : parts.join('') + line.slice(at)
}

/** The names of all entries in a line. */
export function namesIn(line: string): readonly string[] {
  return [...line.matchAll(new RegExp(named, 'g'))].map(([, name]) => name!)
}

function matchAt(pattern: RegExp, line: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(line)?.[0]
}
