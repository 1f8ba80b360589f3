/**
 * Whether a text matches a pattern of OpenSSH (ssh_config(5), PATTERNS): `*` any characters, `?` one. Takes at most
 * length of text times length of pattern, whatever the pattern.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0
  let p = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const wanted = pattern[p]
    if (wanted === '*') {
      star = p++
      resume = at
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      p++
      at++
    } else if (star >= 0) {
      p = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Whether a text matches a list of patterns: at least one of them, and none of those with `!` before them. */
export function matchesList(text: string, patterns: readonly string[]): boolean {
  let found = false
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false
    } else found ||= matchesPattern(text, pattern)
  }
  return found
}
