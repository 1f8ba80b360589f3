import { stripVTControlCharacters } from 'node:util'

const longest = 2_000

/**
 * Words of a server that is not trusted yet, for a message: without control characters but line breaks, at most 2,000
 * characters, without blanks around.
 */
export function plainText(text: string): string {
  const plain = stripVTControlCharacters(text.slice(0, 2 * longest))
    .replaceAll('\r\n', '\n')
    // C0 but the line break, DEL, C1, line separators and what turns the direction of writing.
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ')
    .trim()
  return plain.length > longest ? `${plain.slice(0, longest)} …` : plain
}
