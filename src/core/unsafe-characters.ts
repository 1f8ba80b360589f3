/**
 * Characters that are not safe to show as they are: control characters (C0, DEL, C1) but the line break, line and paragraph
 * separators, marks that turn the direction of writing, halves of surrogate pairs, and what takes no place at all (zero
 * width, soft hyphen, tags, fillers), by which two names can look the same. Classes of Unicode, so that none is forgotten:
 * https://www.unicode.org/reports/tr44/#General_Category_Values
 */
export const unsafeCharacters = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f/gu

/** The same, each shown as an escape: `\x1b`, `\u202e`. */
export function escapeUnsafe(text: string): string {
  return text.replace(unsafeCharacters, character => {
    const code = character.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
