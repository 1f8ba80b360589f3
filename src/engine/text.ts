import { hideInOutput } from '../core/credential-text.ts'
import { endOf } from '../core/cut.ts'
import { quotedLength, tailBytes } from '../core/limits.ts'
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

/** The last lines of a program's output: Secrets masked, credentials hidden, control characters escaped, so that nothing else is hidden. */
export function tail(text: string, lines = 10): string {
  // A line that is cut off may tell that those after it are secret.
  const shown = hideInOutput(endOf(text.trimEnd(), tailBytes))
  const last = endOf(shown, quotedLength).split(/\r?\n/).slice(-lines).join('\n')
  return last.split('\t').map(escapeUnsafe).join('\t')
}
