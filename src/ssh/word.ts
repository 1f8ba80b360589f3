import { quote } from '../shell/quote.ts'

/** A word of a command that a person copies: quoted only where it has to be. */
export function word(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : quote(text)
}
