const blank = ' \t'
const keywordLine = /^[ \t\r]*(?:"([^"]*)"|([^\s"=]+))[ \t\r]*=?[ \t\r]*(.*)$/s

/** Splits a line of ssh_config into its keyword, in lower case, and the rest. Undefined if the line is empty or a comment. */
export function keywordOf(line: string): { readonly keyword: string; readonly rest: string } | undefined {
  // OpenSSH reads lines as C strings, which end at a NUL.
  const whole = line.split('\0', 1)[0] ?? ''
  let end = whole.length
  // Not a regular expression: it would try each run of blanks in the line as the end, which takes quadratic time.
  while (end > 0 && ' \t\r\n\f'.includes(whole[end - 1]!)) end--
  const text = whole.slice(0, end)
  if (/^[ \t\r]*(#|$)/.test(text)) return undefined
  const [, quoted, plain, rest = ''] = keywordLine.exec(text) ?? []
  return { keyword: (quoted ?? plain ?? '').toLowerCase(), rest }
}

/**
 * The arguments of a line, split as OpenSSH 9 does (argv_split() in misc.c). Blanks separate arguments, except inside
 * single or double quotes. A backslash escapes a quote, a backslash or a blank. A `#` at the beginning of a word ends the
 * line. Undefined if a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    const following = text.charAt(i + 1)
    if (word === undefined && blank.includes(char)) continue
    if (word === undefined && char === '#') break
    word ??= ''
    if (char === '\\' && (/^['"\\]$/.test(following) || (quote === '' && following === ' '))) {
      word += following
      i++
    } else if (quote === '' && blank.includes(char)) {
      words.push(word)
      word = undefined
    } else if (quote === '' && (char === '"' || char === "'")) quote = char
    else if (quote !== '' && char === quote) quote = ''
    else word += char
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}
