import { beginningOf } from '../core/cut.ts'

/**
 * Checks of facts, because a host may print anything. Functions named expect… throw an Error when a fact cannot be right.
 */

// Control characters: they may change a terminal, end a line, or reverse the direction of text.
const control = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const longestText = 256

/** The most bytes of a path (PATH_MAX of Linux). */
export const longestPath = 4096

/** The most name servers, or addresses of one name. resolv.conf(5) allows three name servers. */
export const mostNameservers = 100

/** Whether the text has at most `longest` characters and no control characters. */
export function isText(text: string, longest = longestText): boolean {
  return text.length <= longest && !control.test(text)
}

/** Whether Linux accepts the name for a network interface: IFNAMSIZ is 16, with the zero byte at the end. */
export function isInterface(name: string): boolean {
  return /^[^\s/]{1,15}$/.test(name) && !control.test(name)
}

export function expectAtMost(list: readonly unknown[], most: number, what: string): void {
  if (list.length > most) throw new Error(`it reports ${list.length} ${what}, but at most ${most} can be right`)
}

export function expectThat(sound: boolean, what: string, actual: string): void {
  if (sound) return
  throw new Error(`${what} cannot be right: ${JSON.stringify(beginningOf(actual, 100))}`)
}

/** Expects a size in bytes, or a count. */
export function expectNumber(number: number, what: string): void {
  expectThat(Number.isFinite(number) && number >= 0, `its ${what}`, String(number))
}
