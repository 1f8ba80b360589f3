/**
 * `word` as one word of a POSIX sh command line: in single quotes, whatever it holds (newlines, quotes, `$`, UTF-8).
 * A NUL byte cannot be in a word; callers refuse it first (`assertText`).
 */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Several words, quoted and separated by blanks. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ')
}
