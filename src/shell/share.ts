import type { Probe, Survey } from '../core/resource.ts'

/** What is run for some probes. */
export interface SharedRuns {
  readonly scripts: readonly string[]
  /** For each probe, the scripts whose output is its own, in this order. */
  readonly answers: readonly (readonly number[])[]
}

/** A script for all that the probes ask: what several of them ask runs once, a survey with the subjects of all its askers. */
export function shareRuns(probes: readonly Probe<unknown>[]): SharedRuns {
  const surveys = new Map<string, { readonly survey: Survey; readonly subjects: Set<string>; readonly run: number }>()
  const runs = new Map<string, number>()
  const scripts: string[] = []
  const runOf = (script: string): number => {
    const known = runs.get(script)
    if (known !== undefined) return known
    runs.set(script, scripts.length)
    return scripts.push(script) - 1
  }
  const answers = probes.map(({ script, shared }) => {
    if (shared === undefined) return [runOf(script)]
    const asked = shared.asks.map(({ survey, subjects }) => {
      const entry = surveys.get(survey.name) ?? { survey, subjects: new Set(), run: scripts.push('') - 1 }
      surveys.set(survey.name, entry)
      for (const subject of subjects) entry.subjects.add(subject)
      return entry.run
    })
    return shared.rest === '' ? asked : [...asked, runOf(shared.rest)]
  })
  for (const { survey, subjects, run } of surveys.values()) scripts[run] = survey.script([...subjects])
  return { scripts, answers }
}
