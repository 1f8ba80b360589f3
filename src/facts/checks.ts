import { beginningOf } from '../core/cut.ts'

/** Checks that facts are what they are called. Each of those that expect something throws Error where it is not so. */

// What may do something to a terminal or end a line.
const control = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const longestText = 256

/** The most bytes of a path (PATH_MAX of Linux). */
export const longestPath = 4096

/** The most name servers, or addresses of a name: resolv.conf(5) makes use of three. */
export const mostNameservers = 100

/** No longer than `longest` characters, and none of them for a terminal. */
export function isText(text: string, longest = longestText): boolean {
  return text.length <= longest && !control.test(text)
}

/** Whether Linux takes it as the name of a network interface: IFNAMSIZ is 16, with the zero at the end. */
export function isInterface(name: string): boolean {
  return /^[^\s/]{1,15}$/.test(name) && !control.test(name)
}

export function expectAtMost(list: readonly unknown[], most: number, what: string): void {
  if (list.length > most) throw new Error(`it tells of ${list.length} ${what}, and at most ${most} can be right`)
}

export function expectThat(sound: boolean, what: string, actual: string): void {
  if (sound) return
  throw new Error(`${what} cannot be right: ${JSON.stringify(beginningOf(actual, 100))}`)
}

/** A size in bytes, or a number of something. */
export function expectNumber(number: number, what: string): void {
  expectThat(Number.isFinite(number) && number >= 0, `its ${what}`, String(number))
}
