import type { Probe, ProbeResult, Question } from './resource.ts'

/** A probe that asks surveys, and may have a script of its own besides. `parse` gets what all of them print, in that order. */
export function surveyProbe<C>(parts: {
  readonly asks: readonly Question[]
  readonly rest?: string
  parse(raw: ProbeResult): C
}): Probe<C> {
  const { asks, rest = '', parse } = parts
  const surveys = asks.map(({ survey, subjects }) => `(\n${survey.script(subjects)})\n`)
  return { script: `${surveys.join('')}${rest}`, shared: { asks, rest }, parse }
}
