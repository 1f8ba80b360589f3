import { escapeUnsafe, redact } from '../core/index.ts'
import { withoutSequences } from '../core/terminal-sequences.ts'

/**
 * Text of a host, made safe for a terminal: Secrets masked, colours and cursor movements dropped, any other control
 * character shown as an escape. Newlines stay.
 */
export function printable(text: string): string {
  // Masked before, as an escape sequence may swallow the begin of a Secret, and after, as one may stand within it.
  const plain = redact(withoutSequences(redact(text)))
  return escapeUnsafe(plain.replaceAll('\r\n', '\n').replaceAll('\t', '  '))
}

const colour = /(\u001b\[[\d;]*m)/

/**
 * Text that evcctl has put together and coloured, made safe for a terminal: any control character but those of its colours
 * shown as an escape, Secrets masked. The last net: of a text of a host it leaves the colours, which `printable` drops.
 */
export function onlyColours(text: string): string {
  const parts = redact(text).replaceAll('\t', '  ').split(colour)
  // Of a pattern with a group, every second part is what the group has found.
  return parts.map((part, index) => (index % 2 === 1 ? part : escapeUnsafe(part))).join('')
}

/** `printable` on one line: of a progress bar that repaints itself with carriage returns, what it showed last. */
export function printableLine(text: string): string {
  const segments = text.split('\r').filter(segment => segment.trim() !== '')
  return printable(segments.at(-1) ?? '')
    .replaceAll('\n', ' ')
    .trim()
}
