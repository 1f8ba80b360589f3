import { beginningOf } from '../core/cut.ts'
import { unsafeCharacters } from '../core/unsafe-characters.ts'

const longest = 2_000

/**
 * Words of a server that is not trusted yet, for a message: without control characters but line breaks, at most 2,000
 * characters, without blanks around.
 */
export function plainText(text: string): string {
  const plain = beginningOf(text, 2 * longest)
    .replaceAll('\r\n', '\n')
    .replace(unsafeCharacters, ' ')
    .trim()
  return plain.length > longest ? `${beginningOf(plain, longest)} …` : plain
}
