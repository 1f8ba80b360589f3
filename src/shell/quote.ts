/**
 * `word` as one word of a POSIX sh command line: in single quotes, whatever it holds (newlines, quotes, `$`, UTF-8).
 * A word cannot contain a NUL byte; quoteText() refuses such text.
 */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Several words, quoted and separated by blanks. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ')
}
