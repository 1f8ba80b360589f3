import { UserError } from '../core/errors.ts'
import { quote } from './quote.ts'

/** Quotes `text` as one shell word. Raises UserError for text that no shell can carry: NUL bytes and lone surrogates. */
export function quoteText(text: string, what: string): string {
  if (text.includes('\0'))
    throw new UserError({
      problem: `${what} has a NUL byte, which no shell can carry`,
      next: 'Put it into a file and push that.',
    })
  if (!text.isWellFormed()) throw new UserError({ problem: `${what} is not valid Unicode text (a lone surrogate)` })
  return quote(text)
}

/** Raises UserError unless the path is absolute and names a file. */
export function absolute(path: string): string {
  if (path.startsWith('/') && !path.endsWith('/') && !/[\0\n]/.test(path)) return path
  throw new UserError({
    problem: 'a path on a host has to be absolute and name a file, on one line',
    actual: JSON.stringify(path),
  })
}

/** `0644` for 0o644. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
