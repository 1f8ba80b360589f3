import { begunAtEnd, endedAtBegin, redact } from './secret.ts'
import { withoutSequences } from './terminal-sequences.ts'

/*
 * The one way to cut a text that may be of a host: a Secret that lies across the cut is no longer recognised afterwards. So
 * it is masked before, and what the text may have of one at its own cut is left out.
 */

/** The beginning of a text, at most `most` characters, with Secrets masked and terminal sequences taken out. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return plain(text)
  // Masking a text of some MiB takes long; what is masked in here is rarely longer than its mask.
  const window = text.slice(0, 2 * most)
  return plain(window.length < text.length ? beforeCut(window) : window).slice(0, most)
}

/** The end of a text, likewise. */
export function endOf(text: string, most: number): string {
  if (text.length <= most) return plain(text)
  const window = text.slice(-2 * most)
  return plain(window.length < text.length ? afterCut(window) : window).slice(-most)
}

/** A text that was cut off at its end, without what it has there of the beginning of a Secret. */
export function beforeCut(text: string): string {
  return text.slice(0, text.length - begunAtEnd(text))
}

/** A text of which the beginning was cut off, without what it has there of the end of a Secret. */
export function afterCut(text: string): string {
  return text.slice(endedAtBegin(text))
}

// Masked before, as a terminal sequence may swallow the begin of a Secret, and after, as one may stand within it.
function plain(text: string): string {
  return redact(withoutSequences(redact(text)))
}
