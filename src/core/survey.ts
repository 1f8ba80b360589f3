import { limits, usualProbeBytes } from './limits.ts'
import type { Probe, ProbeResult, Question } from './resource.ts'

/** A probe that asks surveys and may also have a script of its own. `parse` gets the output of all of them, in that order. */
export function surveyProbe<C>(parts: {
  readonly asks: readonly Question[]
  readonly rest?: string
  /** How long the rest may take, ms; see Probe. */
  readonly timeoutMs?: number
  /** The most that the rest may print, bytes; see Probe. */
  readonly maxBytes?: number
  parse(raw: ProbeResult): C
}): Probe<C> {
  const { asks, rest = '', timeoutMs, maxBytes, parse } = parts
  const surveys = asks.map(({ survey, subjects }) => `(\n${survey.script(subjects)})\n`)
  const longest = sum([
    ...asks.map(({ survey }) => survey.timeoutMs ?? limits.probeMs),
    timeoutMs ?? (rest === '' ? 0 : limits.probeMs),
  ])
  const most = sum([
    ...asks.map(({ survey }) => survey.maxBytes ?? usualProbeBytes),
    rest === '' ? 0 : (maxBytes ?? usualProbeBytes),
  ])
  return {
    script: `${surveys.join('')}${rest}`,
    timeoutMs: longest,
    maxBytes: most,
    shared: { asks, rest, ...(timeoutMs !== undefined && { timeoutMs }), ...(maxBytes !== undefined && { maxBytes }) },
    parse,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
