import { stripVTControlCharacters } from 'node:util'
import { redact } from '../core/index.ts'

// C0 but newline, DEL, C1, line and paragraph separators, and the marks that turn the direction of writing.
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text of a host, made safe for a terminal: Secrets masked, colours and cursor movements dropped, any other control
 * character shown as an escape. Newlines stay.
 */
export function printable(text: string): string {
  const plain = stripVTControlCharacters(redact(text)).replaceAll('\r\n', '\n').replaceAll('\t', '  ')
  return plain.replace(unsafe, character => {
    const code = character.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** The same on one line: of a progress bar that repaints itself with carriage returns, what it showed last. */
export function printableLine(text: string): string {
  const segments = text.split('\r').filter(segment => segment.trim() !== '')
  return printable(segments.at(-1) ?? '')
    .replaceAll('\n', ' ')
    .trim()
}
