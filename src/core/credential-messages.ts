/*
 * Tells the messages of programs from settings: `failed to fetch token: 403 Forbidden` has a colon after a telling name, and what follows
 * is the reason that somebody needs. All patterns look at a bounded number of characters, because a line may have many names.
 */

/** What a text is: the content of a file or the like, in which all that may be a setting is one, or the output of a program. */
export type Origin = 'content' | 'output'

/** A name in a line, with what is around it. */
export interface NameInLine {
  readonly name: string
  /** The line up to the name. */
  readonly before: string
  /** Whether a quote ends the name: `"token": `. */
  readonly quoted: boolean
  /** An index after the name: `keys[0]: `. */
  readonly index: string
  /** What is between the name and its value. */
  readonly between: string
  /** The value, at least its beginning. */
  readonly value: string
}

/** How many characters around a name are looked at. */
export const lookedAt = 600

// A person's word and a blank: `the token: `.
const afterWord = /(?:^|[\s"'`(])\p{L}[\p{L}'’-]{0,40}[ \t]{1,20}$/u
const inPath = /[/$]$/
const login =
  /^["']?(?:basic|bearer|digest|negotiate)[ \t]{1,20}(?:[^\s"']{1,200}["']?[ \t]{0,20}$|\S{0,200}\d|\S{16})/i
const threeWords = /^[^\s"'[{|>&!]\S{0,199}[ \t]{1,20}\S{1,200}[ \t]{1,20}\S/
const twoWords = /^[^\s"'[{|>&!]\S{0,199}[ \t]{1,20}\S/
// A reason does not begin with a word of letters and digits, as most tokens do; the name of what failed ends in a colon: `x509: `.
const made = /^(?!\/)(?=\S{0,200}\d)(?=\S{0,200}[a-z])\S{0,200}[^\s:](?:\s|$)/i
// These are programs, too.
const program = /passwd$/
// A good passphrase is several words.
const ofWords = /pass-?_?phrase/i

// Headers with several words or values.
const header = /cookie$|authorization|headers?$/i
const oneWord = /^\S{1,200}[ \t]{0,20}$/
// Reasons of one word.
const reason =
  /^(?:unexpected|EOF|unset|empty|missing|absent|refused|denied|invalid|expired|unauthori[sz]ed|forbidden|time-?out|failed|error|not|nil|none|null)[.,;!]?[ \t]{0,20}$/i

/** Whether what follows a name in the output of a program is a reason and no value. */
export function isMessage({ name, before, quoted, index, between, value }: NameInLine): boolean {
  if (!/^[ \t]*:[ \t]+$/.test(between) || login.test(value)) return false
  const near = before.slice(-64).replace(quoted ? /\\{0,8}["']$/ : '', '')
  if (inPath.test(near)) return true
  if (header.test(name)) return false
  if (afterWord.test(near)) return !made.test(value) && (!oneWord.test(value) || reason.test(value))
  if ((near.endsWith(']') && name.startsWith('.')) || (index.startsWith('[') && name.includes('.'))) return true
  if (ofWords.test(name) || made.test(value)) return false
  return (program.test(name) ? twoWords : threeWords).test(value)
}
