const blank = ' \t'
const keywordLine = /^[ \t\r]*(?:"([^"]*)"|([^\s"=]+))[ \t\r]*=?[ \t\r]*(.*)$/s

/** A line of ssh_config taken apart: the keyword in lower case, and what follows it. Undefined: empty, or a comment. */
export function keywordOf(line: string): { readonly keyword: string; readonly rest: string } | undefined {
  // C strings end at a NUL, and so does a line for OpenSSH.
  const whole = line.split('\0', 1)[0] ?? ''
  let end = whole.length
  // A pattern for the end would look at each blank of a line as if the end began there.
  while (end > 0 && ' \t\r\n\f'.includes(whole[end - 1]!)) end--
  const text = whole.slice(0, end)
  if (/^[ \t\r]*(#|$)/.test(text)) return undefined
  const [, quoted, plain, rest = ''] = keywordLine.exec(text) ?? []
  return { keyword: (quoted ?? plain ?? '').toLowerCase(), rest }
}

/**
 * The arguments of a line as OpenSSH 9 splits them (argv_split() of its misc.c): blanks separate, both kinds of quotes
 * keep them, a backslash keeps a quote, a backslash or a blank, `#` at the beginning of a word ends the line. Undefined:
 * a quote is not closed.
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
