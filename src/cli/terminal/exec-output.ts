import { type ErrorDetails, redact } from '../../core/index.ts'
import {
  createPaint,
  errorTexts,
  formatDuration,
  type Paint,
  pad,
  printable,
  table,
  wantsColour,
} from '../../report/index.ts'
import { passError, passOut, printJson, writeError } from './streams.ts'

/** The result of a command on one host: its exit code, an error of the connection, or that it was cancelled. */
export interface Outcome {
  readonly host: string
  readonly exitCode?: number
  readonly error?: ErrorDetails
  readonly cancelled?: boolean
  readonly ms: number
}

/** Shows one line that a command printed. */
export type Show = (host: string, stream: 'stdout' | 'stderr', line: string) => void

/** Prints each line of output as one line of NDJSON. */
export const showAsJson: Show = (host, stream, line) => printJson({ type: 'exec:output', host, stream, line })

/** Prints the name of the host before each line, in alternating colours. With a single host there is no name. */
export function showAsText(hosts: readonly string[]): Show {
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const colours = [paint.active, paint.good, paint.changed] as const
  const widest = Math.max(...hosts.map(host => host.length))
  const prefixes = new Map(hosts.map((host, index) => [host, colours[index % colours.length]!(pad(host, widest))]))
  return (host, stream, line) => {
    const target = stream === 'stdout' ? process.stdout : process.stderr
    // Only a terminal can be harmed by control characters, so a file gets them unchanged.
    const text = target.isTTY ? printable(line) : redact(line)
    const whole = hosts.length > 1 ? `${prefixes.get(host)}  ${text}\n` : `${text}\n`
    if (stream === 'stdout') passOut(whole)
    else passError(whole)
  }
}

/** Prints a table of the failures, if there are any. It goes to standard error: standard output is for the commands' own. */
export function showOutcomes(outcomes: readonly Outcome[], hosts: number): void {
  const paint = createPaint(wantsColour(process.stderr, process.env))
  const bad = outcomes.filter(outcome => outcome.exitCode !== 0)
  if (bad.length === 0) return
  const rows = outcomes.map(outcome => [outcome.host, result(outcome, paint), formatDuration(outcome.ms)])
  const text = hosts > 1 || bad.some(outcome => outcome.exitCode === undefined) ? `\n${table(rows).join('\n')}\n` : ''
  const errors = errorTexts(bad.flatMap(({ error }) => error ?? [])).map(each => `\n${printable(each)}\n`)
  writeError(text + errors.join(''))
}

function result({ exitCode, cancelled, error }: Outcome, paint: Paint): string {
  if (cancelled === true) return paint.changed('cancelled')
  if (error !== undefined) return paint.bad('not reached')
  return exitCode === 0 ? paint.good('ok') : paint.bad(`exit code ${exitCode}`)
}
