/**
 * Characters that must not be shown as they are:
 * - control characters (C0, DEL, C1) except the line break, and the separators of lines and paragraphs: they move the cursor;
 * - marks that change the direction of writing: a text then appears in another order;
 * - characters without a width (zero width, soft hyphen, tags, fillers): with them, two different names look the same;
 * - halves of surrogate pairs, which are no characters.
 * The pattern names classes of Unicode, so that it covers characters which are added later:
 * https://www.unicode.org/reports/tr44/#General_Category_Values
 */
export const unsafeCharacters = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f/gu

/** Replaces each unsafe character of a text with an escape that shows its number: `\x1b`, `\u202e`. */
export function escapeUnsafe(text: string): string {
  return text.replace(unsafeCharacters, character => {
    const code = character.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
