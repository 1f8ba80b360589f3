import { escapeUnsafe, redact } from '../core/index.ts'
import { withoutSequences } from '../core/terminal-sequences.ts'

/**
 * Makes text of a host safe for a terminal. It masks Secrets, drops colours and cursor movements, and shows any other
 * control character as an escape. Newlines stay.
 */
export function printable(text: string): string {
  // Secrets are masked before escape sequences are dropped, since one may swallow the beginning of a Secret, and again
  // afterwards, since one may stand within a Secret.
  const plain = redact(withoutSequences(redact(text)))
  return escapeUnsafe(plain.replaceAll('\r\n', '\n').replaceAll('\t', '  '))
}

const colour = /(\u001b\[[\d;]*m)/

/**
 * Makes text that evcctl itself composed and coloured safe for a terminal. It masks Secrets and shows control characters,
 * except those of colours, as escapes. This is the last safeguard; text of a host goes through `printable`, which drops
 * colours as well.
 */
export function onlyColours(text: string): string {
  const parts = redact(text).replaceAll('\t', '  ').split(colour)
  // Splitting by a pattern with a group makes every second part a match of the group.
  return parts.map((part, index) => (index % 2 === 1 ? part : escapeUnsafe(part))).join('')
}

/** `printable` on one line. Of a progress bar that repaints itself with carriage returns, it keeps the last state. */
export function printableLine(text: string): string {
  const segments = text.split('\r').filter(segment => segment.trim() !== '')
  return printable(segments.at(-1) ?? '')
    .replaceAll('\n', ' ')
    .trim()
}
