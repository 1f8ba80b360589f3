import { begunAtEnd, endedAtBegin, redact } from './secret.ts'
import { withoutSequences } from './terminal-sequences.ts'

/*
 * Every text that may come from a host is cut with these functions. A Secret that lies across a cut cannot be recognised
 * afterwards. So these functions mask Secrets before they cut, and they remove the rest of a Secret at an earlier cut.
 */

/** The beginning of a text, at most `most` characters, with Secrets masked and terminal sequences taken out. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return plain(text)
  // Masking some MiB takes long, so only a part is masked. Masks may shorten it, so it is twice as long as the result.
  const window = text.slice(0, 2 * most)
  return plain(window.length < text.length ? beforeCut(window) : window).slice(0, most)
}

/** The end of a text, at most `most` characters, with Secrets masked and terminal sequences taken out. */
export function endOf(text: string, most: number): string {
  if (text.length <= most) return plain(text)
  const window = text.slice(-2 * most)
  return plain(window.length < text.length ? afterCut(window) : window).slice(-most)
}

/** For a text whose end was cut off: removes the beginning of a Secret that is left at its end. */
export function beforeCut(text: string): string {
  return text.slice(0, text.length - begunAtEnd(text))
}

/** For a text whose beginning was cut off: removes the end of a Secret that is left at its beginning. */
export function afterCut(text: string): string {
  return text.slice(endedAtBegin(text))
}

// It masks twice: a terminal sequence may hide the beginning of a Secret, or stand in the middle of one.
function plain(text: string): string {
  return redact(withoutSequences(redact(text)))
}
