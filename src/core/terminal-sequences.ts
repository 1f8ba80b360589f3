/*
 * The sequences of ECMA-48 (5th edition, 5.4 and 5.6) and ECMA-35 (13.2.1), by how they begin. No part of a pattern matches the
 * beginning of another pattern. So each character is looked at a bounded number of times, in any text.
 */
const sequences = [
  // Control sequences: parameters, intermediate bytes, a final byte.
  '\\u001b\\[[0-?]*[ -/]*[@-~]',
  // The same after one character of C1. If no parameter follows, that character is only one that must not be shown.
  '\\u009b[0-?]+[ -/]*[@-~]',
  // Command strings, e.g. titles of windows, up to BEL or ST. Strings with blanks or without an end do not count, because
  // two values of a host could then make the words between them disappear.
  '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0000- \\u007f-\\u00a0]*(?:\\u0007|\\u001b\\\\|\\u009c)',
  // Escape sequences of two characters, and those that choose a set of characters.
  '\\u001b[0-OQ-WYZ\\\\`-~]',
  '\\u001b[ -/]{1,3}[0-~]',
]
const pattern = new RegExp(sequences.join('|'), 'g')

/**
 * Removes the sequences that make a terminal do something: colours, movements, titles. The time grows linearly with the text.
 * Node's stripVTControlCharacters is slower: 64 KiB of `ESC ;#;#;#` take it some seconds. The remaining control characters and
 * incomplete sequences are left to unsafe-characters.ts.
 */
export function withoutSequences(text: string): string {
  return text.replace(pattern, '')
}
