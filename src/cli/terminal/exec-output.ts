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

/** How a command ended on one host: with an exit code, an error on the way to the host, or not at all. */
export interface Outcome {
  readonly host: string
  readonly exitCode?: number
  readonly error?: ErrorDetails
  readonly cancelled?: boolean
  readonly ms: number
}

/** Shows one line that a command printed. */
export type Show = (host: string, stream: 'stdout' | 'stderr', line: string) => void

/** NDJSON: a line of output each. */
export const showAsJson: Show = (host, stream, line) => printJson({ type: 'exec:output', host, stream, line })

/** The name of the host in front of each line, in turn in different colours; a single host needs none. */
export function showAsText(hosts: readonly string[]): Show {
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const colours = [paint.active, paint.good, paint.changed] as const
  const widest = Math.max(...hosts.map(host => host.length))
  const prefixes = new Map(hosts.map((host, index) => [host, colours[index % colours.length]!(pad(host, widest))]))
  return (host, stream, line) => {
    const target = stream === 'stdout' ? process.stdout : process.stderr
    // Only a terminal can be harmed by control characters; a file gets the bytes as they came.
    const text = target.isTTY ? printable(line) : redact(line)
    const whole = hosts.length > 1 ? `${prefixes.get(host)}  ${text}\n` : `${text}\n`
    if (stream === 'stdout') passOut(whole)
    else passError(whole)
  }
}

/** The table of a run in which something failed; on standard error, for standard output is the commands' own. */
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
