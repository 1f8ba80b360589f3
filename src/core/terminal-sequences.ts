/*
 * The sequences of ECMA-48 (5th edition, 5.4 and 5.6) and ECMA-35 (13.2.1), by how they begin. No part of a pattern can match
 * what another begins with, so that each character is looked at a bounded number of times, whatever the text is.
 */
const sequences = [
  // Control sequences: parameters, intermediate bytes, a final byte.
  '\\u001b\\[[0-?]*[ -/]*[@-~]',
  // The same by one character of C1, which is no more than a character that must not be shown where no parameter follows.
  '\\u009b[0-?]+[ -/]*[@-~]',
  // Command strings, as the titles of windows: up to BEL or ST. None with blanks or without an end, or two values of a host
  // could make words between them disappear.
  '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0000- \\u007f-\\u00a0]*(?:\\u0007|\\u001b\\\\|\\u009c)',
  // Escape sequences of two characters, and those that choose a set of characters.
  '\\u001b[0-OQ-WYZ\\\\`-~]',
  '\\u001b[ -/]{1,3}[0-~]',
]
const pattern = new RegExp(sequences.join('|'), 'g')

/**
 * A text without the sequences by which a terminal is told to do something: colours, movements, titles. In time that grows
 * as the text does, which node's stripVTControlCharacters is not (64 KiB of `ESC ;#;#;#` take it some seconds). What is left of
 * control characters, with what is no whole sequence, is for unsafe-characters.ts.
 */
export function withoutSequences(text: string): string {
  return text.replace(pattern, '')
}
