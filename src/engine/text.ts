import { stripVTControlCharacters } from 'node:util'
import { quotedLength } from '../core/limits.ts'
import { redact } from '../core/secret.ts'

// C0 and C1 controls but tab and newline, and the marks that reverse the direction of what follows.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Remote or foreign text made safe to show: Secrets masked, terminal sequences and control characters taken out. */
export function clean(text: string): string {
  return redact(stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(control, ''))
}

/** One line of output as a terminal would have left it: what follows the last carriage return. */
export function cleanLine(line: string): string {
  const parts = line.split('\r').filter(part => part.trim() !== '')
  return clean(parts.at(-1) ?? '').trimEnd()
}

/** The last lines of a program's output, Secrets masked and control characters escaped, so that nothing is hidden. */
export function tail(text: string, lines = 10): string {
  // A secret that is cut in two is not recognised, so twice as much is looked at as is shown.
  const end = redact(stripVTControlCharacters(text.trimEnd().slice(-2 * quotedLength))).slice(-quotedLength)
  const last = end.split(/\r?\n/).slice(-lines).join('\n')
  return last.replace(control, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
