import { begunAtEnd, endedAtBegin, redact } from './secret.ts'
import { withoutSequences } from './terminal-sequences.ts'

/*
 * The only way to cut a text that may come from a host. A Secret that lies across the cut cannot be recognised afterwards, so
 * Secrets are masked first, and what is left of a Secret at an earlier cut is removed.
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
