import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Config, run, settings } from '@oclif/core'
import type { PJSON } from '@oclif/core/interfaces'
import { type ExitCode, exitCodes } from '../core/errors.ts'
import { ownValue } from '../core/own-value.ts'
import { commands } from './index.ts'
import { guardAgainstCrashes } from './terminal/crash.ts'
import { showFailure } from './terminal/failures.ts'
import { guardOutput, outputLost, passError, writeError } from './terminal/streams.ts'
import { unknownCommand } from './terminal/usage-errors.ts'

/** The folder of the package, and a package.json to use instead of the one on disk. */
export interface MainOptions {
  readonly root: string
  readonly pjson?: PJSON
}

/** The command line: runs one command, prints errors in evcctl's format, and sets the exit code of the process. */
export async function main(args: readonly string[], options: MainOptions): Promise<void> {
  // bin/dev.js runs the sources by Node's own type stripping; oclif must not look for ts-node.
  settings.enableAutoTranspile = false
  guardOutput()
  const argv = asHelpFlag(args)
  const words = commandWords(argv)
  const id = words.join(':')
  const show = (error: unknown) => failureOf(error, argv, id)
  const guard = guardAgainstCrashes(show)
  try {
    if (words.length > 0 && !isCommandOrTopic(id)) throw unknownCommand(words, Object.keys(commands).map(spaced))
    await run([...argv], { root: options.root, pjson: options.pjson } as Config['options'])
  } catch (error) {
    // After a crash only the crash is shown: this error says merely that the run was ended because of it.
    const exitCode = guard.crash() === undefined ? show(error) : exitCodes.ok
    if (exitCode !== exitCodes.ok) process.exitCode = exitCode
  }
  guard.done()
  const crash = guard.crash()
  if (crash !== undefined) process.exitCode = show(crash.error)
  // Node reports a write that failed, e.g. on a full disk, only after the code that wrote has ended.
  await nextTurn()
  const reason = outputLost()
  if (reason === undefined) return
  writeError(`Standard output: a part of it could not be written (${reason}).\n`)
  process.exitCode ||= exitCodes.failed
}

// Shows an error and returns its exit code.
function failureOf(error: unknown, argv: readonly string[], id: string): ExitCode {
  const before = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  const output = before.findLast(
    (word, index) => /^(--output|-o)=/.test(word) || /^(--output|-o)$/.test(before[index - 1] ?? ''),
  )
  const command = ownValue(commands, id)
  const json = output !== undefined && /(^|=)json$/.test(output)
  return showFailure(
    error,
    {
      json,
      debug: before.includes('--debug'),
      command: command === undefined ? '' : spaced(id),
      flags: ['help', ...Object.keys({ ...command?.flags, ...command?.baseFlags })],
    },
    json ? passError : writeError,
  )
}

// Makes `evcctl help plan` work like `evcctl plan --help`: many people type it first.
function asHelpFlag(args: readonly string[]): readonly string[] {
  return args[0] === 'help' ? [...args.slice(1), '--help'] : args
}

// The words that should name a command: one word, or two if the first one is a topic.
function commandWords(argv: readonly string[]): readonly string[] {
  const [first, second] = argv
  if (first === undefined || isGlobal(first)) return []
  if (!isTopic(first) || second === undefined || second.startsWith('-')) return [first]
  return [first, second]
}

function isGlobal(word: string): boolean {
  return ['--help', '-h', '--version', '-V'].includes(word)
}

function isTopic(word: string): boolean {
  return Object.keys(commands).some(id => id.startsWith(`${word}:`))
}

function isCommandOrTopic(id: string): boolean {
  return Object.hasOwn(commands, id) || isTopic(id)
}

function spaced(id: string): string {
  return id.replaceAll(':', ' ')
}
