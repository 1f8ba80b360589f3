import { endOf } from '../core/cut.ts'
import { quotedLength } from '../core/limits.ts'
import { redact } from '../core/secret.ts'
import { withoutSequences } from '../core/terminal-sequences.ts'
import { escapeUnsafe, unsafeCharacters } from '../core/unsafe-characters.ts'

/** Makes a text from elsewhere safe to show: masks Secrets, removes terminal sequences and control characters except tabs. */
export function clean(text: string): string {
  const plain = withoutSequences(redact(text).replaceAll('\r\n', '\n'))
  return redact(plain.replace(unsafeCharacters, character => (character === '\t' ? character : '')))
}

/** One line of output as a terminal would have left it: what follows the last carriage return. */
export function cleanLine(line: string): string {
  const parts = line.split('\r').filter(part => part.trim() !== '')
  return clean(parts.at(-1) ?? '').trimEnd()
}

/** The last lines of a program's output, Secrets masked and control characters escaped, so that nothing is hidden. */
export function tail(text: string, lines = 10): string {
  const last = endOf(text.trimEnd(), quotedLength).split(/\r?\n/).slice(-lines).join('\n')
  return last.split('\t').map(escapeUnsafe).join('\t')
}
