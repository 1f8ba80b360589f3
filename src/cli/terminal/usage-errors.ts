import { nearest } from '../../config/nearest.ts'
import { exitCodes, UserError } from '../../core/errors.ts'

/** The fields of an error of oclif's parser that are used here. */
interface ParserError extends Error {
  readonly oclif: { readonly exit?: number }
  readonly flags?: readonly string[]
  readonly args?: readonly unknown[]
}

/**
 * Turns an error of oclif's parser into a UserError. Returns `none` if oclif only ends early without a failure, and
 * undefined for errors that are not oclif's.
 */
export function usageError(
  error: Error,
  options: { readonly command: string; readonly flags: readonly string[] },
): UserError | 'none' | undefined {
  if (!('oclif' in error)) return undefined
  const { flags, args, message, oclif } = error as ParserError
  if ((error as { code?: string }).code === 'EEXIT')
    return oclif.exit === 0 ? 'none' : badUsage(message, options.command)
  if (message.startsWith('Nonexistent flag') && flags !== undefined) {
    const flag = flags[0] ?? ''
    const near = nearest(flag.replace(/^-+/, '').replace(/=.*/, ''), options.flags)
    const hint = near === undefined ? '' : ` Did you mean --${near}?`
    return badUsage(`There is no option ${flag} here.${hint}`, options.command)
  }
  if (message.startsWith('Unexpected argument') && args !== undefined) {
    return badUsage(`The argument "${String(args[0])}" is one too many.`, options.command)
  }
  // The parser's first lines name the problem. Its hint at --help is dropped, because every usage error has the same hint.
  const lines = message
    .split('\n')
    .filter(line => line.trim() !== '' && !/See more help with --help|^The following error/.test(line))
  const flag = /^Parsing (--\S+)/.exec(lines[0] ?? '')?.[1]
  const problem = (flag === undefined ? lines : lines.slice(1)).map(line => line.trim()).join('\n')
  return badUsage(problem, options.command, flag)
}

/** The error for words that name no command. */
export function unknownCommand(words: readonly string[], commands: readonly string[]): UserError {
  const typed = words.join(' ')
  if (typed.startsWith('-')) return badUsage(`There is no option ${typed} here; a command comes first.`, '')
  // Of two commands that are equally near, suggests the one with the longer common start.
  const near = nearest(
    typed,
    [...commands].sort((a, b) => sharedStart(typed, b) - sharedStart(typed, a)),
  )
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`
  return badUsage(`There is no command "${typed}".${hint}`, '')
}

function sharedStart(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

function badUsage(problem: string, command: string, where?: string): UserError {
  const help = ['evcctl', command, '--help'].filter(word => word !== '').join(' ')
  return new UserError(
    { ...(where === undefined ? {} : { where }), problem, next: `All that is possible: ${help}` },
    { exitCode: exitCodes.badInput },
  )
}
