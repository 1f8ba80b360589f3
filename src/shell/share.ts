import { limits } from '../core/limits.ts'
import type { Probe, Survey } from '../core/resource.ts'

/** A script that the host runs, and how long it may take. */
export interface SharedRun {
  readonly script: string
  readonly timeoutMs: number
}

/** What is run for some probes. */
export interface SharedRuns {
  readonly runs: readonly SharedRun[]
  /** For each probe, the runs whose output is its own, in this order. */
  readonly answers: readonly (readonly number[])[]
}

/** A run for all that the probes ask: what several of them ask runs once, a survey with the subjects of all its askers. */
export function shareRuns(probes: readonly Probe<unknown>[]): SharedRuns {
  const surveys = new Map<string, { readonly survey: Survey; readonly subjects: Set<string>; readonly run: number }>()
  const known = new Map<string, number>()
  const runs: SharedRun[] = []
  const runOf = (script: string, timeoutMs = limits.probeMs): number => {
    const earlier = known.get(script)
    if (earlier !== undefined) {
      runs[earlier] = { script, timeoutMs: Math.max(timeoutMs, runs[earlier]!.timeoutMs) }
      return earlier
    }
    known.set(script, runs.length)
    return runs.push({ script, timeoutMs }) - 1
  }
  const answers = probes.map(({ script, timeoutMs, shared }) => {
    if (shared === undefined) return [runOf(script, timeoutMs)]
    const asked = shared.asks.map(({ survey, subjects }) => {
      const blank = { script: '', timeoutMs: survey.timeoutMs ?? limits.probeMs }
      const entry = surveys.get(survey.name) ?? { survey, subjects: new Set(), run: runs.push(blank) - 1 }
      surveys.set(survey.name, entry)
      for (const subject of subjects) entry.subjects.add(subject)
      return entry.run
    })
    return shared.rest === '' ? asked : [...asked, runOf(shared.rest, shared.timeoutMs)]
  })
  for (const { survey, subjects, run } of surveys.values())
    runs[run] = { ...runs[run]!, script: survey.script([...subjects]) }
  return { runs, answers }
}
